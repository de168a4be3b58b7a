import { SingleBar } from 'cli-progress';
import type { EpochEvent, Evaluation, StepEvent } from '../index.js';
import { percent } from './format-evaluation.js';
import { stepsOfEpoch } from './training-options.js';

const barFormat =
  'epoch {epoch} {bar} {value}/{total} loss {loss}, {accuracy} right, {speed} images/s, {eta} s left';

/** Tells the terminal how a training gets on: a line an epoch, and a bar for the steps where a person watches. */
export class TrainingProgress {
  readonly #bar = process.stderr.isTTY
    ? new SingleBar({ format: barFormat, stream: process.stderr, clearOnComplete: true })
    : undefined;

  /** @param images - Of the data that is trained on. */
  constructor(
    readonly epochs: number,
    readonly images: number,
    readonly batchSize: number,
  ) {}

  step({ step, epoch, loss, accuracy, images, seconds }: StepEvent): void {
    const payload = {
      epoch: `${epoch + 1}/${this.epochs}`,
      loss: loss.toFixed(3),
      accuracy: percent(accuracy),
      speed: (images / seconds).toFixed(0),
    };
    const steps = stepsOfEpoch(this.images, this.batchSize);
    const done = step - epoch * steps;
    if (!this.#bar?.isActive) this.#bar?.start(steps, done, payload);
    this.#bar?.update(done, payload);
  }

  /** Removes the bar, until the next step. */
  pause(): void {
    this.#bar?.stop();
  }

  epoch({ epoch, loss, accuracy, images, seconds }: EpochEvent, evaluation: Evaluation | undefined): void {
    const speed = images / seconds;
    const left = ((this.epochs - epoch - 1) * this.images) / speed / 60;
    const line = [
      `epoch ${String(epoch + 1).padStart(String(this.epochs).length)}/${this.epochs}`,
      `loss ${loss.toFixed(4)}`,
      `accuracy ${percent(accuracy)}`,
      ...(evaluation ? [`validation ${percent(evaluation.top1)}`] : []),
      `${speed.toFixed(0)} images/s`,
      `${left.toFixed(1)} min left`,
    ];
    console.log(line.join('  '));
  }
}
