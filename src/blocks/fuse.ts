import { ready } from '#backends';
import { checkModule, checkOptions } from '../core/errors.js';
import type { AnyModule } from '../core/module.js';
import { trace, type InputShapes, type ModuleCall, type Trace, type TracedValue } from '../graph/trace.js';
import { activations, type Activation } from '../layers/activations.js';
import { BatchNorm } from '../layers/batch-norm.js';
import { Conv2D } from '../layers/conv2d.js';
import { DepthwiseConv2D } from '../layers/depthwise-conv2d.js';
import { fold, isFolded, TemporaryFolding, type Folding } from '../layers/folding.js';
import { ConvNorm } from './conv-norm.js';

/** Options of {@link fuse}. */
export interface FuseOptions {
  /**
   * The shape of the input, the batch first, such as `[1, 224, 224, 3]`, or an array or a record of shapes. The module is traced
   * with it, and convolutions that are no {@link ConvNorm} are folded too. Default: only every ConvNorm is folded, which are
   * all convolutions with batch norm of an ImageClassifier.
   */
  readonly input?: InputShapes;
  /** Called with the path of each ConvNorm or convolution that was folded, such as `stages.0.1.conv1`. */
  readonly onFolded?: (path: string) => void;
}

/**
 * Folds batch norms into the convolutions before them, which then also run the activation: evaluation gets faster and its
 * results stay the same up to rounding. In place, of any module: every {@link ConvNorm}, and with `input` every
 * {@link Conv2D} and {@link DepthwiseConv2D} whose output only a {@link BatchNorm} uses, with the activation layer that alone
 * uses what that gives. Each of these layers has to run once in a forward pass.
 *
 * The variables stay as they are, so a fused module is saved and loaded as before; folded weights are kept with them and
 * computed again where variables have changed. Training a fused module throws an ArgumentError, but for what is frozen. Nothing
 * is read from the device, so it works on WebGPU too.
 * @returns the module.
 * @throws ArgumentError where the module was disposed of or cannot be traced with `input`. It is then as it was.
 */
export async function fuse<M extends AnyModule>(module: M, options: FuseOptions = {}): Promise<M> {
  checkModule('fuse', module);
  checkOptions('fuse', options, { input: true, onFolded: true });
  const { input, onFolded } = options;
  await ready();
  const found = [...unitsOf(module), ...(input ? pairsOf(trace(module, input)) : [])];
  const foldings = found.filter(({ folding }) => !isFolded(folding.module));
  fold(foldings.map(({ folding }) => folding));
  for (const { path } of foldings) onFolded?.(path);
  return module;
}

/** As {@link fuse} without options, at once. */
export function fuseUnits(module: AnyModule): void {
  const foldings = unitsOf(module).map(({ folding }) => folding);
  fold(foldings.filter((folding) => !isFolded(folding.module)));
}

/**
 * What {@link fuse} would fold, to be folded for some passes only; the module stays as it is.
 * @param graph - A trace of the module, which shows convolutions that are no part of a {@link ConvNorm}.
 */
export function foldTemporarily(module: AnyModule, graph?: Trace): TemporaryFolding {
  const found = [...unitsOf(module), ...(graph ? pairsOf(graph) : [])].map(({ folding }) => folding);
  return new TemporaryFolding(found.filter(({ module }) => !isFolded(module)));
}

interface Found {
  readonly path: string;
  readonly folding: Folding;
}

function unitsOf(module: AnyModule): Found[] {
  return Array.from(module.namedModules()).flatMap(({ name: path, module }) => {
    if (!(module instanceof ConvNorm)) return [];
    const { conv, norm, activation } = module;
    return [{ path, folding: { module, conv, norm, activation } }];
  });
}

/** What a trace shows of convolutions that are no part of a ConvNorm. */
function pairsOf(graph: Trace): Found[] {
  const units = new Set<object>(
    graph.calls.flatMap(({ module }) => (module instanceof ConvNorm ? [module.conv, module.norm] : [])),
  );
  return graph.calls.flatMap((call) => {
    const { path, module: conv } = call;
    if (!isConvolution(conv) || call.method !== 'forward' || units.has(conv) || !runsOnce(graph, call))
      return [];
    const next = onlyUser(graph, call.outputs[0]);
    const norm = next?.module;
    if (!(norm instanceof BatchNorm) || norm.constructor !== BatchNorm || units.has(norm)) return [];
    const last = next!.method === 'forward' ? onlyUser(graph, next!.outputs[0])?.module : undefined;
    return [
      { path, folding: { module: conv, conv, norm, activation: isActivation(last) ? last : undefined } },
    ];
  });
}

/** Of these classes themselves: one that extends them may do more. */
function isConvolution(module: object): module is Conv2D | DepthwiseConv2D {
  return module.constructor === Conv2D || module.constructor === DepthwiseConv2D;
}

function isActivation(module: object | undefined): module is Activation {
  return module !== undefined && Object.values(activations).some((Class) => module.constructor === Class);
}

/** The only run of a layer that uses this value first, where the layer runs once and no other run uses the value. */
function onlyUser(graph: Trace, value: TracedValue | undefined): ModuleCall | undefined {
  if (!value || Object.values(graph.outputs).includes(value)) return undefined;
  const nodes = graph.nodes.filter(({ inputs }) => Object.values(inputs).includes(value));
  const users = new Set(nodes.map(({ call }) => call));
  const [user] = users;
  return users.size === 1 && user!.inputs[0] === value && runsOnce(graph, user!) ? user : undefined;
}

function runsOnce(graph: Trace, { module }: ModuleCall): boolean {
  return graph.calls.filter((call) => call.module === module).length === 1;
}
