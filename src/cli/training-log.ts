import { readFile } from 'node:fs/promises';
import type { EpochEvent, Evaluation } from '../index.js';
import { replaceFile } from '../core/replace-file.js';

/** A table of epochs as a file of comma-separated values. */
export class TrainingLog {
  static readonly #header = 'epoch,step,learning rate,loss,accuracy,validation loss,validation top-1,seconds';
  #rows: string[] = [];

  constructor(readonly path: string) {}

  /** Takes over what an earlier part of the run wrote. */
  async read(): Promise<void> {
    const text = await readFile(this.path, 'utf8').catch(() => '');
    this.#rows = text.split('\n').slice(1).filter(Boolean);
  }

  async add(event: EpochEvent, learningRate: number, evaluation: Evaluation | undefined): Promise<void> {
    const { epoch, step, loss, metrics, seconds } = event;
    const row = [
      epoch + 1,
      step,
      learningRate,
      loss,
      metrics.accuracy,
      evaluation?.loss,
      evaluation?.top1,
      seconds,
    ];
    // An epoch that was not yet in a checkpoint when the run was killed comes again.
    this.#rows = [...this.#rows.slice(0, epoch), row.join(',')];
    await replaceFile(this.path, `${[TrainingLog.#header, ...this.#rows].join('\n')}\n`);
  }
}
