import { check } from '../core/errors.js';
import type { AnyModule } from '../core/module.js';
import { placeOf, type ModuleCall } from '../graph/trace.js';
import { isFolded } from '../layers/folding.js';
import type { Subject } from './subject.js';

/** A layer whose output is a map of an image. */
export interface MapLayer {
  readonly path: string;
  readonly module: AnyModule;
}

/**
 * The layer at a path of the module tree, such as `stages.3.1`; of a path of several modules, such as `stages.3`, the last of
 * them. Without a path, the one whose output is the last map before the scores.
 * @throws ArgumentError where there is none, it gives no map, it does not run once, or it is fused with others.
 */
export function mapLayer(subject: Subject, path?: string): MapLayer {
  const call = path === undefined ? lastMap(subject) : callAt(subject, path);
  checkNotFused(subject, call);
  return { path: call.path, module: call.module as AnyModule };
}

function lastMap({ method, trace: { calls, nodes }, model }: Subject): ModuleCall {
  let last: { call: ModuleCall; place: number } | undefined;
  for (const call of calls) {
    if (call.path === '' || call.method !== 'forward' || !givesMap(call)) continue;
    const { source } = call.outputs[0]!;
    const place = source.kind === 'node' ? nodes.indexOf(source.node) : -1;
    // Of a block and the layer that it ends with, the block comes first.
    if (!last || place > last.place) last = { call, place };
  }
  check(
    last !== undefined,
    () =>
      `${method}: ${model.constructor.name} has no layer whose output is a map [N, height, width, channels] of more than one ` +
      'place; use larger images, or a method that needs no layer, such as integratedGradients.',
  );
  return last.call;
}

function callAt({ method, trace: { calls }, model }: Subject, path: string): ModuleCall {
  const isBelow = (each: string) => each === path || each.startsWith(`${path}.`);
  const modules = Array.from(model.namedModules());
  const isThere = typeof path === 'string' && path !== '' && modules.some(({ name }) => isBelow(name));
  const maps = calls.filter((call) => call.path !== '' && call.method === 'forward' && givesMap(call));
  const advice = () => `give a layer of a map, such as ${listedPaths(maps)}`;
  check(isThere, () => `${method}: there is no layer '${path}'; ${advice()}.`);
  const below = calls.filter((call) => isBelow(call.path));
  // Those that no other of them is above.
  const outer = below.filter((call) => !below.some(({ path }) => call.path.startsWith(`${path}.`)));
  const runs = outer.filter(({ path }) => path === outer.at(-1)?.path);
  const [call] = runs;
  check(
    call !== undefined && call.method === 'forward',
    () =>
      `${method}: '${path}' does not run as a layer here, but as a part of what is above it; ${advice()}.`,
  );
  check(
    runs.length === 1,
    () => `${method}: '${path}' runs ${runs.length} times in a forward pass; ${advice()}, that runs once.`,
  );
  check(
    givesMap(call),
    () =>
      `${method}: ${placeOf(call)} gives ${call.outputs.map(({ shape }) => `[${shape}]`).join(', ')}, no map ` +
      `[N, height, width, channels] of more than one place; ${advice()}.`,
  );
  return call;
}

function givesMap({ outputs }: ModuleCall): boolean {
  const [shape] = outputs.map(({ shape }) => shape);
  return outputs.length === 1 && shape!.length === 4 && shape![1]! * shape![2]! > 1;
}

/** The last few, in the order in which they run. */
function listedPaths(calls: readonly ModuleCall[]): string {
  const outer = calls.filter((call) => !calls.some(({ path }) => call.path.startsWith(`${path}.`)));
  const paths = [...new Set(outer.map(({ path }) => `'${path}'`))];
  return paths.length > 0 ? paths.slice(-4).join(', ') : '(this network has none)';
}

function checkNotFused({ method, trace: { nodes } }: Subject, call: ModuleCall): void {
  const own = nodes.filter((node) => node.call === call);
  const isFoldedNorm = 'runningMean' in call.module && own.every(({ kernel }) => kernel === 'Identity');
  const isFoldedConvolution = 'padding' in call.module && isFolded(call.module);
  check(
    !isFoldedNorm && !isFoldedConvolution,
    () =>
      `${method}: ${placeOf(call)} is fused with the layers next to it, and its output is theirs; give the block that it is in, ` +
      'or a network that is not fused.',
  );
}
