import { argMax } from '../core/arg-max.js';
import type { OptionNames } from '../core/errors.js';
import { check } from '../core/errors.js';
import type { AnyModule } from '../core/module.js';
import type { Explanation, ExplainOptions } from './explanation.js';
import { withGuidedRelu } from './guided-relu.js';
import { inputGradients } from './passes.js';
import { rowOf, scoreOf } from './scores.js';
import { commonOptions, imageValues, subjectOf, type ExplainInput, type Subject } from './subject.js';
import {
  batchOf,
  batchSizeOf,
  explanationOf,
  Progress,
  ranges,
  sumChannels,
  type Found,
} from './variants.js';

const optionNames: OptionNames<ExplainOptions> = commonOptions;

/**
 * The gradient of the score with respect to each value of the input, times the value. Of a network of ReLUs without biases, the sum
 * is the score. One pass and its way back. Source: Shrikumar et al. 2016, arXiv 1605.01713.
 * @returns an explanation of each image.
 * @throws ArgumentError where an argument does not fit, or the network has a step without a gradient.
 */
export async function inputXGradient(
  model: AnyModule,
  x: ExplainInput,
  options: ExplainOptions = {},
): Promise<Explanation[]> {
  const subject = await subjectOf('inputXGradient', model, x, options, optionNames);
  return explainGradients(subject, (image, gradient) => {
    const values = imageValues(subject, image).map((value, i) => value * gradient[i]!);
    return { values, map: sumChannels(subject, values) };
  });
}

/**
 * The gradient where every ReLU on the way back lets only positive gradients through (Springenberg et al. 2014, arXiv 1412.6806).
 * Shows edges sharply, but depends little on the class: see the sanity check in docs/explain.md.
 * @returns an explanation of each image.
 * @throws ArgumentError where an argument does not fit, or the network has no ReLU, such as EfficientNet.
 */
export async function guidedBackpropagation(
  model: AnyModule,
  x: ExplainInput,
  options: ExplainOptions = {},
): Promise<Explanation[]> {
  const subject = await subjectOf('guidedBackpropagation', model, x, options, optionNames);
  checkHasRelu(subject);
  return explainGradients(
    subject,
    (_, gradient) => ({ values: gradient, map: sumChannels(subject, gradient) }),
    withGuidedRelu,
  );
}

async function explainGradients(
  subject: Subject,
  find: (image: number, gradient: Float32Array) => Found,
  around: <T>(compute: () => T) => T = (compute) => compute(),
): Promise<Explanation[]> {
  const { count, size, classes, values, targets } = subject;
  const progress = new Progress(subject, count);
  const explanations: Explanation[] = [];
  for (const { first, length } of ranges(count, batchSizeOf(subject, 'gradients'))) {
    const batch = batchOf(subject, values.slice(first * size, (first + length) * size));
    const pass = around(() => inputGradients(subject, batch, targets?.slice(first, first + length)));
    const { logits, gradients } = await pass;
    for (let i = 0; i < length; i++) {
      const row = rowOf(logits, i, classes);
      const target = targets?.[first + i] ?? argMax(row);
      const scored = { target, score: scoreOf(subject, row, target) };
      const found = find(first + i, gradients.slice(i * size, (i + 1) * size));
      explanations.push(explanationOf(subject, first + i, scored, {}, found));
    }
    await progress.add(length);
  }
  return explanations;
}

function checkHasRelu({ method, trace, model }: Subject): void {
  const relus = ['Relu', 'Relu6', 'relu', 'relu6'];
  check(
    trace.nodes.some(
      ({ kernel, attributes }) => relus.includes(kernel) || relus.includes(String(attributes.activation)),
    ),
    () =>
      `${method} changes the gradient of ReLUs, and ${model.constructor.name} has none; use smoothGrad or integratedGradients.`,
  );
}
