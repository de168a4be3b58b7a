import { SingleBar, type Params } from 'cli-progress';
import type { EpochEvent, Evaluation, StepEvent } from '../index.js';
import { percent } from './format-evaluation.js';
import { stepsOfEpoch } from './training-options.js';

/** Columns of the bar itself, at most and at least. */
const WIDEST = 40;
const NARROWEST = 10;

/** Columns that cli-progress leaves free. */
const MARGIN = 2;

/** What a bar says besides how far it is. */
interface Payload {
  readonly epoch: string;
  readonly loss: string;
  readonly accuracy: string;
  readonly speed: string;
}

/** A line that fits into the terminal: the epoch, a bar, the steps, and as many facts as there is room for. */
export function formatBar(
  {
    maxWidth,
    progress,
    value,
    total,
    eta,
  }: Pick<Params, 'maxWidth' | 'progress' | 'value' | 'total' | 'eta'>,
  { epoch, loss, accuracy, speed }: Payload,
): string {
  const start = `epoch ${epoch} `;
  let end = ` ${value}/${total}`;
  const room = () => maxWidth - MARGIN - start.length - end.length;
  for (const fact of [
    `loss ${loss}`,
    `${Number.isFinite(eta) ? eta : '?'} s left`,
    `${accuracy} right`,
    `${speed} images/s`,
  ]) {
    const part = `, ${fact}`;
    if (room() - part.length < NARROWEST) break;
    end += part;
  }
  const width = Math.max(0, Math.min(WIDEST, room()));
  const done = Math.round(width * progress);
  return `${start}${'='.repeat(done)}${'-'.repeat(width - done)}${end}`.slice(0, maxWidth);
}

/** Tells the terminal how a training gets on: a line an epoch, and a bar for the steps where a person watches. */
export class TrainingProgress {
  readonly #bar = process.stderr.isTTY
    ? new SingleBar({
        format: (_, params: Params, payload: Payload) => formatBar(params, payload),
        stream: process.stderr,
        clearOnComplete: true,
      })
    : undefined;
  #isEnded = false;

  /** @param images - Of the data that is trained on. */
  constructor(
    readonly epochs: number,
    readonly images: number,
    readonly batchSize: number,
  ) {}

  step({ step, epoch, loss, metrics, examples, seconds }: StepEvent): void {
    if (this.#isEnded) return;
    const steps = stepsOfEpoch(this.images, this.batchSize);
    const done = step - epoch * steps;
    const payload: Payload = {
      epoch: `${epoch + 1}/${this.epochs}`,
      loss: loss.toFixed(3),
      accuracy: percent(metrics.accuracy),
      speed: (examples / seconds).toFixed(0),
    };
    if (!this.#bar?.isActive) this.#bar?.start(steps, done, payload);
    this.#bar?.update(done, payload);
  }

  /** Removes the bar, until the next step. */
  pause(): void {
    this.#bar?.stop();
  }

  /** Removes the bar for good, so that it wipes nothing that is printed from now on. */
  end(): void {
    this.#isEnded = true;
    this.pause();
  }

  epoch({ epoch, loss, metrics, examples, seconds }: EpochEvent, evaluation: Evaluation | undefined): void {
    const minutesLeft = () => ((this.epochs - epoch - 1) * this.images * (seconds / examples)) / 60;
    // At most 80 columns.
    const line = [
      `epoch ${String(epoch + 1).padStart(String(this.epochs).length)}/${this.epochs}`,
      `loss ${loss.toFixed(4)}`,
      `accuracy ${percent(metrics.accuracy, 1)}`,
      ...(evaluation ? [`validation ${percent(evaluation.top1, 1)}`] : []),
      // None of its images were trained on where a run resumed at its end.
      ...(examples > 0 ? [`${minutesLeft().toFixed(1)} min left`] : []),
    ];
    console.log(line.join('  '));
  }
}
