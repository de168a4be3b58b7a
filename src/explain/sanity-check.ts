import * as tf from '@tensorflow/tfjs-core';
import { checkInteger } from '../core/errors.js';
import type { AnyModule, NamedVariable } from '../core/module.js';
import { Random } from '../core/random.js';
import { disposeTensors } from '../core/tensors.js';
import { shuffled } from '../training/seeds.js';
import { explain, type ExplainMethodOptions } from './explain.js';
import type { Explanation } from './explanation.js';
import { rankCorrelation } from './rank-correlation.js';
import type { ExplainInput } from './subject.js';

/** Options of {@link sanityCheck}: a method's, and how weights are made random. */
export type SanityCheckOptions = ExplainMethodOptions & {
  /** In how many steps the network becomes random, from its end to its begin. Default 4. */
  readonly steps?: number;
  /** Of the random weights. Default 0. */
  readonly shuffleSeed?: number;
};

/** What is left of an explanation when layers are random. */
export interface SanityStep {
  /** The first layer of those whose weights are random; all after it are, too. */
  readonly layer: string;
  /** Spearman's rank correlation with the explanations of the trained network, the mean over the images. */
  readonly similarity: number;
}

/**
 * Whether explanations depend on what the network has learned: the weights of its layers are shuffled, from the last layer on, and
 * the images explained again. A method whose maps stay alike shows edges of the image, and not what the network goes by. The weights
 * are given back at the end. Source: Adebayo et al. 2018, arXiv 1810.03292.
 * @throws ArgumentError where an argument does not fit.
 */
export async function sanityCheck(
  model: AnyModule,
  x: ExplainInput,
  options: SanityCheckOptions = {},
): Promise<SanityStep[]> {
  const { steps = 4, shuffleSeed = 0, ...rest } = options;
  checkInteger('sanityCheck: steps', steps, 1);
  checkInteger('sanityCheck: shuffleSeed', shuffleSeed, 0);
  const trained = await explain(model, x, rest as ExplainMethodOptions);
  const target = trained.map(({ target }) => target);
  const layers = layersOf(model);
  const random = new Random(shuffleSeed);
  const variables = layers.flatMap(({ variables }) => variables);
  const values = await Promise.all(variables.map(({ variable }) => variable.data<'float32'>()));
  const result: SanityStep[] = [];
  try {
    let first = layers.length;
    for (let step = 1; step <= steps; step++) {
      const next = Math.round(layers.length * (1 - step / steps));
      for (const layer of layers.slice(next, first)) {
        for (const named of layer.variables)
          assign(named, Float32Array.from(shuffled(Array.from(values[variables.indexOf(named)]!), random)));
      }
      first = next;
      const made = await explain(model, x, { ...rest, target } as ExplainMethodOptions);
      result.push({ layer: layers[first]?.path ?? '', similarity: meanSimilarity(trained, made) });
    }
  } finally {
    for (const [i, named] of variables.entries()) assign(named, values[i]!);
  }
  return result;
}

function layersOf(model: AnyModule): { path: string; variables: NamedVariable[] }[] {
  const layers = new Map<AnyModule, { path: string; variables: NamedVariable[] }>();
  for (const named of model.namedVariables()) {
    const path = named.name.slice(0, Math.max(0, named.name.lastIndexOf('.')));
    if (!layers.has(named.owner)) layers.set(named.owner, { path, variables: [] });
    layers.get(named.owner)!.variables.push(named);
  }
  return [...layers.values()];
}

function assign({ variable }: NamedVariable, values: Float32Array): void {
  const tensor = tf.tensor(values.slice(), variable.shape, variable.dtype as 'float32');
  variable.assign(tensor);
  disposeTensors(tensor);
}

function meanSimilarity(a: readonly Explanation[], b: readonly Explanation[]): number {
  const all = a.map(({ map }, i) => rankCorrelation(map, b[i]!.map));
  return all.reduce((sum, value) => sum + value, 0) / all.length;
}
