import { ready } from '#backends';
import * as tf from '@tensorflow/tfjs-core';
import { evaluation } from '../core/context.js';
import { check, checkInteger, checkModule, checkOptions, shown } from '../core/errors.js';
import type { AnyModule } from '../core/module.js';
import { nextTask } from '../core/next-task.js';
import { partsOf } from '../core/parts.js';
import { takeValues } from '../core/take-values.js';
import { disposeTensors, tensorsIn } from '../core/tensors.js';
import type { InputShapes } from '../graph/trace.js';
import { isImageClassifier } from './is-image-classifier.js';

/** Options of {@link warmUp}. */
export interface WarmUpOptions {
  /**
   * The shape of the input, the batch first, such as `[1, 224, 224, 3]`; of several inputs an array or a record of shapes, as the
   * module's `forward` takes them. Default one image of the size that an image classifier is meant for.
   */
  readonly input?: InputShapes;
  /** Called after each part of the module: the parts done, and all of them. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** A backend that can say when it has started all it will run on; `simd` is one. */
interface StartingBackend {
  started?: () => Promise<void>;
}

/**
 * Does what a first prediction pays for besides the prediction: starts the backend and its threads, compiles, and packs
 * the weights. The module then predicts at full speed. An image classifier or a `Sequential` runs part by part, so that a
 * page stays alive meanwhile; any other module runs as a whole.
 * @throws ArgumentError where `input` is no shape, or is left out of what is no image classifier.
 */
export async function warmUp(module: AnyModule, options: WarmUpOptions = {}): Promise<void> {
  checkModule('warmUp', module);
  checkOptions('warmUp', options, { input: true, onProgress: true });
  const { input = usualInput(module), onProgress } = options;
  let x: unknown = tf.tidy(() => zeros(input) as tf.Tensor);
  try {
    await ready();
    await (tf.backend() as StartingBackend).started?.();
    const parts = partsOf(module);
    for (const [i, [, part]] of parts.entries()) {
      const y: unknown = part.forward(x, evaluation);
      disposeTensors(x);
      x = y;
      // Only what is read is sure to have been computed.
      if (i === parts.length - 1) for (const [, tensor] of tensorsIn(y)) await takeValues(tensor);
      onProgress?.(i + 1, parts.length);
      await nextTask();
    }
  } finally {
    disposeTensors(x);
  }
}

function usualInput(module: AnyModule): InputShapes {
  check(
    isImageClassifier(module),
    () =>
      `warmUp: input is undefined; give the shape of what ${module.constructor.name} takes, such as [1, 224, 224, 3].`,
  );
  const { size } = module.preprocessing;
  return [1, size, size, module.architecture.inputChannels];
}

function zeros(input: InputShapes): unknown {
  check(
    typeof input === 'object' && input !== null,
    () => `warmUp: input is ${shown(input)}; give a shape such as [1, 224, 224, 3].`,
  );
  const entries = Object.entries(input);
  if (entries.every(([, size]) => typeof size === 'number')) {
    for (const [axis, size] of entries) checkInteger(`warmUp: input, axis ${axis},`, size as number, 1);
    return tf.zeros(input as number[]);
  }
  if (Array.isArray(input)) return input.map((shape) => zeros(shape as number[]));
  return Object.fromEntries(entries.map(([name, shape]) => [name, zeros(shape as number[])]));
}
