import * as tf from '@tensorflow/tfjs-core';
import type { Context } from '../core/context.js';
import { Module, type AnyModule } from '../core/module.js';
import { runParts, type Part } from '../core/parts.js';

/** A layer that gives a tensor of the type that it takes, whatever that is, such as an activation. */
interface KeepsType {
  forward<T extends tf.Tensor>(x: T, context: Context): T;
}

/** What a layer takes. */
type Taken<Layer> = Layer extends AnyModule ? Parameters<Layer['forward']>[0] : never;

/** What a layer gives where it is given `Input`. */
type Given<Layer, Input> = Layer extends KeepsType
  ? Input
  : Layer extends AnyModule
    ? ReturnType<Layer['forward']>
    : never;

/** What the first layer takes that does not take everything. */
type FirstTaken<Layers extends readonly unknown[]> = Layers extends readonly [infer First, ...infer Rest]
  ? First extends KeepsType
    ? FirstTaken<Rest>
    : Taken<First>
  : Layers extends readonly []
    ? tf.Tensor4D
    : Taken<Layers[number]>;

/** What the last layer gives. */
type LastGiven<Layers extends readonly unknown[], Input> = Layers extends readonly [
  infer First,
  ...infer Rest,
]
  ? LastGiven<Rest, Given<First, Input>>
  : Layers extends readonly []
    ? Input
    : Given<Layers[number], Input>;

/** The layers, and in the place of one that does not take what comes before it, a module that does. */
type Linked<Layers extends readonly unknown[], Input> = Layers extends readonly [infer First, ...infer Rest]
  ? [Input extends Taken<First> ? First : Module<Input, unknown>, ...Linked<Rest, Given<First, Input>>]
  : Layers;

/**
 * Layers one after the other; without any, the identity. TypeScript sees to it that each takes what the one before it gives:
 * `new Sequential(new Conv2D({ … }), new GlobalAvgPool(), new Dense({ … }))`. As torch.nn.Sequential.
 */
export class Sequential<Layers extends readonly AnyModule[] = Module[]> extends Module<
  FirstTaken<Layers>,
  LastGiven<Layers, FirstTaken<Layers>>
> {
  readonly layers: Layers;

  constructor(...layers: Layers & Linked<Layers, FirstTaken<Layers>>) {
    super();
    this.layers = layers;
  }

  override forward(x: FirstTaken<Layers>, context: Context): LastGiven<Layers, FirstTaken<Layers>> {
    const forward = ([, layer]: Part, y: unknown): unknown => layer.forward(y, context);
    const run = () => runParts(this.parts(), x, forward) as tf.Tensor;
    const output = this.layers.length > 0 ? tf.tidy(run) : tf.clone(x as tf.Tensor);
    return output as LastGiven<Layers, FirstTaken<Layers>>;
  }

  /** The layers with their paths, such as `layers.0`. */
  parts(): readonly Part[] {
    return this.layers.map((layer, i) => [`layers.${i}`, layer]);
  }
}
