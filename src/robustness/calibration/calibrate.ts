import * as tf from '@tensorflow/tfjs-core';
import { check, checkModule, checkOptions, shown } from '../../core/errors.js';
import type { AnyModule, Module } from '../../core/module.js';
import type { Dense } from '../../layers/dense.js';
import type { ImageClassifier } from '../../models/image-classifier.js';
import {
  collectLogits,
  type CollectLogitsOptions,
  type LabelledLogits,
} from '../../training/collect-logits.js';
import type { Dataset } from '../../training/data/dataset.js';
import type { TensorData } from '../../training/data/tensor-batches.js';
import { evaluateOptionNames, type EvaluateOptions } from '../../training/image-logits.js';
import { fitScaling, scaleLogits, type FitScalingOptions, type LogitScaling } from './fit-scaling.js';
import { measureCalibration, type Calibration } from './measure-calibration.js';

/** Options of {@link calibrate}, besides those of `collectLogits`. */
export interface CalibrateOptions extends FitScalingOptions {
  /** The dense layer that gives the logits. Default the network's `head`. */
  readonly head?: Dense;
}

/** What {@link calibrate} did. */
export interface CalibrateResult {
  readonly scaling: LogitScaling;
  /** What logits were divided by, with method `'temperature'`. */
  readonly temperature?: number;
  /** On the given data, before. */
  readonly before: Calibration;
  /** On the same data, after: slightly better than on data that the scaling was not fitted on. */
  readonly after: Calibration;
}

/**
 * Calibrates a network in place: fits a scaling of its logits, and multiplies it into the weight and bias of its head. So whatever
 * computes logits gives calibrated ones from then on: `classify`, `predict`, files of `save`, `exportOnnx`, and PyTorch with its
 * weights. With method `'temperature'` the likeliest class of every image stays.
 * @param data - Images or batches that the network was not trained on, as `collectLogits` takes them; a few hundred are enough for
 * a temperature.
 * @throws ArgumentError as `collectLogits` and `fitScaling`, and where the head is no dense layer. The network then is as before.
 */
export async function calibrate(
  model: ImageClassifier,
  data: Dataset,
  options?: CalibrateOptions & EvaluateOptions,
): Promise<CalibrateResult>;
/** Calibrates any network whose last layer is a {@link Dense}, as above. */
export async function calibrate<Input>(
  model: Module<Input, tf.Tensor2D>,
  data: TensorData<Input, tf.Tensor1D | tf.Tensor2D>,
  options?: CalibrateOptions & CollectLogitsOptions,
): Promise<CalibrateResult>;
export async function calibrate(
  model: AnyModule,
  data: unknown,
  options: CalibrateOptions & (EvaluateOptions | CollectLogitsOptions) = {},
): Promise<CalibrateResult> {
  checkModule('calibrate', model);
  checkOptions('calibrate', options, { ...evaluateOptionNames, method: true, head: true });
  const { method, head = (model as { head?: unknown }).head, ...others } = options;
  checkHead(model, head);
  const predictions = await collectLogits(model as never, data as never, others as never);
  const scaling = fitScaling(predictions, { method });
  const calibrated: LabelledLogits = { ...predictions, logits: scaleLogits(predictions.logits, scaling) };
  const [before, after] = [measureCalibration(predictions), measureCalibration(calibrated)];
  scaleHead(head, scaling);
  const temperature = method === 'vector' ? {} : { temperature: 1 / scaling.scale[0]! };
  return { scaling, ...temperature, before, after };
}

function checkHead(model: AnyModule, head: unknown): asserts head is Dense {
  const { weight, bias } = (head ?? {}) as Partial<Dense>;
  check(
    weight instanceof tf.Variable && weight.rank === 2 && bias instanceof tf.Variable,
    () =>
      `calibrate: the head is ${shown(head)}; give the dense layer that gives the logits, such as { head: model.classifier }.`,
  );
  const isPart = [...model.namedVariables()].some(({ variable }) => variable === weight);
  check(
    isPart,
    () => 'calibrate: the head is no part of this network; give the layer that gives its logits.',
  );
}

/** (x W + b) * scale + bias, as one dense layer. */
function scaleHead({ weight, bias }: Dense, scaling: LogitScaling): void {
  check(
    weight.shape[1] === scaling.scale.length,
    () =>
      `calibrate: the head gives ${weight.shape[1]} values, and the network ${scaling.scale.length}; give the layer that gives the logits.`,
  );
  tf.tidy(() => {
    const scale = tf.tensor1d([...scaling.scale]);
    const scaledWeight = tf.mul<tf.Tensor2D>(weight, scale);
    const scaledBias = tf.add<tf.Tensor1D>(tf.mul(bias, scale), tf.tensor1d([...scaling.bias]));
    weight.assign(scaledWeight);
    bias.assign(scaledBias);
  });
}
