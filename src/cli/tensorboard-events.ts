import {
  batches,
  TensorBoardLog,
  type Batch,
  type Dataset,
  type TrainEvent,
  type ImageTrainOptions,
} from '../index.js';
import { optionalPackage } from './optional-package.js';

/** How many of the training's images TensorBoard shows. */
const IMAGES = 8;

/** Writes for TensorBoard what a training tells, and its first images as the network sees them. */
export class TensorBoardEvents {
  #begun = false;

  private constructor(
    readonly log: TensorBoardLog,
    readonly data: Dataset,
    readonly options: Pick<ImageTrainOptions, 'seed' | 'augment'>,
  ) {}

  /** Begins a file of events in the folder. */
  static async open(folder: string, data: Dataset, options: ImageTrainOptions): Promise<TensorBoardEvents> {
    return new TensorBoardEvents(await TensorBoardLog.open(folder), data, options);
  }

  async add(event: TrainEvent): Promise<void> {
    const { log } = this;
    if (event.type === 'step') {
      const { step, loss, metrics, learningRate } = event;
      if (!this.#begun) await this.#begin(step);
      await log.scalars(step, {
        'loss/training': loss,
        'accuracy/training': metrics.accuracy,
        'learning rate': learningRate,
      });
    } else if (event.type === 'evaluation') {
      const { loss, top1 } = event.evaluation;
      await log.scalars(event.step, { 'loss/validation': loss, 'accuracy/validation': top1 });
    }
  }

  /** A run that goes on repeats the steps since its checkpoint; one that begins shows its images. */
  async #begin(step: number): Promise<void> {
    this.#begun = true;
    if (step > 1) return this.log.restart(step);
    const { seed, augment } = this.options;
    const order = batches(this.data, { batchSize: IMAGES, seed, augment, prefetch: 0 });
    const { images } = (await order.next()).value as Batch;
    await order.return(undefined);
    const purpose = 'Showing images in TensorBoard takes sharp';
    const { default: sharp } = await optionalPackage(() => import('sharp'), purpose, 'sharp');
    for (const [i, { width, height, data }] of images.entries()) {
      const png = await sharp(data, { raw: { width, height, channels: 3 } })
        .png()
        .toBuffer();
      await this.log.image(step, `training images/${i}`, { width, height, png });
    }
  }
}
