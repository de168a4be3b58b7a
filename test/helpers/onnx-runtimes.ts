import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import * as tf from '@tensorflow/tfjs-core';
import { evaluation } from '../../src/core/context.js';
import type { AnyModule } from '../../src/core/module.js';
import { tensorsIn } from '../../src/core/tensors.js';
import { relativeDistance } from './golden.js';

const root = join(__dirname, '..', '..');

/** The packages that run ONNX files here; the native one where the packages of bench/ are installed. */
export const runtimes = [
  { name: 'onnxruntime-web', from: join(root, 'package.json') },
  ...(existsSync(join(root, 'bench', 'node_modules', 'onnxruntime-node'))
    ? [{ name: 'onnxruntime-node', from: join(root, 'bench', 'package.json') }]
    : []),
];

/** A tensor as ONNX Runtime takes and gives it. */
export interface OnnxTensor {
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
}

/** What a runtime gives. */
export interface OnnxOutput extends OnnxTensor {
  readonly runtime: string;
  readonly name: string;
}

/** Runs ONNX files in a worker until {@link OnnxRuntimes.close}. */
export class OnnxRuntimes {
  readonly #worker = new Worker(join(root, 'test', 'helpers', 'onnx-runtime.mjs'), { workerData: runtimes });

  /** The outputs of each runtime in turn for each input in turn. */
  async run(
    model: Uint8Array,
    inputs: readonly Readonly<Record<string, OnnxTensor>>[],
  ): Promise<readonly OnnxOutput[]> {
    this.#worker.postMessage({ model, inputs });
    const [{ outputs, error }] = (await once(this.#worker, 'message')) as [
      { outputs: OnnxOutput[]; error?: string },
    ];
    if (error) throw new Error(error);
    return outputs;
  }

  /**
   * Expects of every runtime the shapes and, within 1e-4 of a standard deviation, the values that `forward` gives.
   * @param model - The module as an ONNX file.
   * @param inputs - What `forward` takes; they are disposed of.
   */
  async expectSame(module: AnyModule, model: Uint8Array, inputs: readonly unknown[]): Promise<void> {
    const fed = inputs.map((x) => named(x, 'input'));
    const wanted = inputs.flatMap((x) => Object.entries(forward(module, x)));
    tf.dispose(inputs as never);
    const outputs = await this.run(model, fed);
    const expected = runtimes.flatMap(() => wanted);
    expect(outputs.map(({ name, shape }) => [name, shape])).toEqual(
      expected.map(([name, { shape }]) => [name, shape]),
    );
    outputs.forEach(({ values }, i) =>
      expect(relativeDistance(values, expected[i]![1].values)).toBeLessThan(1e-4),
    );
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}

function forward(module: AnyModule, x: unknown): Record<string, OnnxTensor> {
  const y: unknown = module.forward(x, evaluation);
  const values = named(y, 'output');
  tf.dispose(y as never);
  return values;
}

/** The tensors by the names that they have in a file, images as NCHW. */
function named(container: unknown, single: string): Record<string, OnnxTensor> {
  if (container instanceof tf.Tensor) return { [single]: planar(container) };
  const isList = Array.isArray(container);
  return Object.fromEntries(
    tensorsIn(container).map(([key, x]) => [isList ? `${single}_${key}` : key, planar(x)]),
  );
}

function planar(x: tf.Tensor): OnnxTensor {
  const ordered = x.rank === 4 ? tf.transpose(x, [0, 3, 1, 2]) : tf.clone(x);
  const { shape } = ordered;
  const values = Float32Array.from(ordered.dataSync());
  ordered.dispose();
  return { shape, values };
}
