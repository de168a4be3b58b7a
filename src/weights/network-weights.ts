import { quoted } from '../core/errors.js';
import { listed } from '../core/listed.js';
import { CheckpointError, type Checkpoint, type HostTensor } from './formats/checkpoint.js';
import { chooseWeights, hasKey } from './names/checkpoint-key.js';
import { roots, type Root } from './names/roots.js';
import type { ReadOptions } from './sources/read-source.js';

/** Which of a file's tensors are the network's. */
export interface NetworkWeightsOptions extends ReadOptions {
  /**
   * The layer of the file that is the network's head, such as `'fc.1'` or `'dense_1'`, where its name is not the usual one;
   * `false` for none, so that all else is loaded. Default the layer of the usual name.
   */
  readonly head?: string | false;
}

/** A network's weights among what a file holds, by the names of their source. */
export interface NetworkWeights {
  /** Without the prefix of their names, and the head by its usual name. */
  readonly tensors: ReadonlyMap<string, HostTensor>;
  /** Of these, the ones with the names of a network's parts. */
  readonly named: ReadonlyMap<string, HostTensor>;
  /** Where they were in the file, the prefix of their names included; empty where they are all that it holds. */
  readonly key: string;
  /** What of the file belongs to no network. */
  readonly skipped: readonly string[];
  /** Whether a layer of the usual name of a head is among them. */
  readonly hasHead: boolean;
  /** Dense layers that are not in the network's body nor its head, by name, with their shapes. */
  readonly denseLayers: ReadonlyMap<string, readonly number[]>;
  /** Of these, the ones that could be the head, with how many features they get. There are none where the network has another one. */
  readonly possibleHeads: ReadonlyMap<string, number>;
}

/** Keys of what a model that is trained may hold in addition to its network. */
const notOfNetwork = /^(n_averaged$|(criterion|loss|loss_fn|loss_func|loss_function)\.)/;

/**
 * Finds a network's weights by the names of their first kernels: the prefix before it, such as `module.` or
 * `model.backbone.`, is taken off all names, and tensors without it are left out.
 * @throws CheckpointError where there are several networks and none is named, or no such head.
 */
export function networkWeights(
  checkpoint: Checkpoint,
  { checkpointKey, head }: Pick<NetworkWeightsOptions, 'checkpointKey' | 'head'> = {},
): NetworkWeights {
  const named = withoutWrappers(checkpoint);
  const { prefix, root } = findPrefix(named, checkpointKey);
  const key = placeOf(checkpoint, prefix);
  if (checkpointKey !== undefined && !hasKey(key, checkpointKey)) {
    throw new CheckpointError(
      `This file has no weights '${checkpointKey}'; those that it has are '${key}'. Leave checkpointKey out.`,
    );
  }
  const inside = new Map<string, HostTensor>();
  const outside = new Map<string, HostTensor>();
  for (const [name, tensor] of named.tensors) {
    const innerName = name.startsWith(prefix) ? name.slice(prefix.length) : undefined;
    if (innerName === undefined || notOfNetwork.test(innerName)) outside.set(name, tensor);
    else inside.set(innerName, tensor);
  }
  const tensors = root ? withHead(inside, outside, root, head) : inside;
  const kept = new Set(tensors.values());
  const innerLayers = root ? otherDenseLayers(tensors, root) : new Map<string, readonly number[]>();
  const denseLayers = root ? otherDenseLayers(new Map([...tensors, ...outside]), root) : innerLayers;
  const possible = [...denseLayers].filter(
    ([name]) => innerLayers.size === 0 || (innerLayers.size === 1 && innerLayers.has(name)),
  );
  const leftOut = [...named.tensors].filter(([, tensor]) => !kept.has(tensor)).map(([name]) => name);
  return {
    tensors,
    named: root ? new Map([...tensors].filter(([name]) => isNamed(name, root))) : tensors,
    key,
    skipped: [...(checkpoint.skipped ?? []), ...leftOut],
    hasHead: root?.heads.some((name) => denseLayer(tensors, name) !== undefined) ?? false,
    denseLayers,
    // PyTorch's matrix is [classes, features], Keras's kernel [features, classes].
    possibleHeads: new Map(
      possible.map(([name, shape]) => [
        name,
        shape[inside.has(`${name}/kernel`) || outside.has(`${name}/kernel`) ? 0 : 1]!,
      ]),
    ),
  };
}

/** What PyTorch puts into the names of a model, or of its parts, that is compiled, sharded or recomputed. */
const wrappers = /(^|\.)(_(orig_mod|forward_module|fsdp_wrapped_module|checkpoint_wrapped_module)\.)+/g;

function withoutWrappers(checkpoint: Checkpoint): Checkpoint {
  const tensors = new Map<string, HostTensor>();
  for (const [name, tensor] of checkpoint.tensors) {
    const plain = name.length > LONGEST_NAME ? name : name.replace(wrappers, '$1');
    tensors.set(tensors.has(plain) ? name : plain, tensor);
  }
  return { ...checkpoint, tensors };
}

function isNamed(name: string, { body, heads }: Root): boolean {
  return body.test(name) || heads.includes(layerOf(name));
}

/** A place where the names of a network may begin, and how many of its tensors, and kernels among them, have it. */
interface Place {
  readonly prefix: string;
  readonly root: Root;
  readonly key: string;
  readonly tensors: { size: number };
  kernels: number;
}

/** Longer names are no network's. */
const LONGEST_NAME = 1000;

/** Where the names of a network begin. */
function findPrefix(
  checkpoint: Checkpoint,
  checkpointKey: string | undefined,
): { readonly prefix: string; readonly root?: Root } {
  const places = placesOf(checkpoint);
  for (const [name, { shape }] of checkpoint.tensors) {
    for (const prefix of prefixesOf(name)) {
      const place = places.get(prefix);
      if (!place?.root.body.test(name.slice(prefix.length))) continue;
      place.tensors.size++;
      if (shape.length === 4) place.kernels++;
    }
  }
  // A block's first kernel may have the stem's name, but stands below the stem's prefix.
  const outer = [...places.values()].filter(
    ({ prefix }) =>
      !prefixesOf(prefix.slice(0, -1)).some((shorter) => shorter !== prefix && places.has(shorter)),
  );
  const most = Math.max(0, ...outer.map(({ kernels }) => kernels));
  const whole = outer.filter(({ kernels }) => 2 * kernels >= most);
  // Single kernels are parts of a network without a stem.
  if (whole.length === 0 || (whole.length > 1 && most < 2)) return { prefix: '' };
  return chooseWeights(whole, checkpointKey);
}

function placesOf(checkpoint: Checkpoint): Map<string, Place> {
  const places = new Map<string, Place>();
  for (const name of checkpoint.tensors.keys()) {
    const root = roots.find(({ stem }) => name === stem || name.endsWith(`.${stem}`));
    if (!root || name.length > LONGEST_NAME) continue;
    const prefix = name.slice(0, name.length - root.stem.length);
    places.set(prefix, { prefix, root, key: placeOf(checkpoint, prefix), tensors: { size: 0 }, kernels: 0 });
  }
  return places;
}

/** The empty one, and what ends in each dot. */
function prefixesOf(name: string): string[] {
  const prefixes = [''];
  if (name.length > LONGEST_NAME) return prefixes;
  for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
    prefixes.push(name.slice(0, dot + 1));
  }
  return prefixes;
}

function placeOf({ key = '' }: Checkpoint, prefix: string): string {
  return [key, prefix.slice(0, -1)].filter((part) => part !== '').join('.');
}

/** The network's tensors with the named layer as the head, or with none. */
function withHead(
  inside: ReadonlyMap<string, HostTensor>,
  outside: ReadonlyMap<string, HostTensor>,
  { body, heads: [usual, ...others] }: Root,
  head: string | false | undefined,
): ReadonlyMap<string, HostTensor> {
  if (head === undefined || head === usual) return inside;
  if (head === false) return new Map([...inside].filter(([name]) => body.test(name)));
  const layer = denseLayer(inside, head) ?? denseLayer(outside, head);
  if (!layer) {
    throw new CheckpointError(
      `head names '${head}', which is no dense layer of the file; ` +
        `${describeLayers(otherDenseLayers(new Map([...inside, ...outside]), { body, heads: [usual] }))}.`,
    );
  }
  const isOfHead = (name: string) => [usual, head, ...others].includes(layerOf(name));
  return new Map([
    ...[...inside].filter(([name]) => !isOfHead(name)),
    ...Array.from(layer, ([leaf, tensor]) => [`${usual}${leaf}`, tensor] as const),
  ]);
}

/** A layer's matrix and bias by the ends of their names; undefined of a layer that has no matrix. */
function denseLayer(
  tensors: ReadonlyMap<string, HostTensor>,
  name: string,
): Map<string, HostTensor> | undefined {
  const leaves = ['.weight', '/kernel', '.bias', '/bias'];
  const found = new Map(
    leaves.flatMap((leaf) => {
      const tensor = tensors.get(name + leaf);
      return tensor ? [[leaf, tensor] as const] : [];
    }),
  );
  const matrix = found.get('.weight') ?? found.get('/kernel');
  return matrix?.shape.length === 2 ? found : undefined;
}

function otherDenseLayers(
  tensors: ReadonlyMap<string, HostTensor>,
  { body, heads }: Omit<Root, 'stem'>,
): Map<string, readonly number[]> {
  const layers = [...tensors].filter(
    ([name, { shape }]) =>
      shape.length === 2 &&
      /[./](weight|kernel)$/.test(name) &&
      !body.test(name) &&
      !heads.includes(layerOf(name)),
  );
  return new Map(layers.map(([name, { shape }]) => [layerOf(name), shape]));
}

function layerOf(name: string): string {
  return name.replace(/[./][^./]*$/, '');
}

/** Which layers could be the head, in words. */
export function describeLayers(layers: ReadonlyMap<string, readonly number[]>): string {
  if (layers.size === 0) return 'it has no dense layers of other names';
  const all = Array.from(layers, ([name, shape]) => `${quoted(name)} [${shape}]`);
  return `its dense layers of other names are ${listed(all)}`;
}

/**
 * What to do about a head of another name, in words that `{ head: false }` follows: name the layer, where one could be the head.
 * @param features - That the head gets; undefined where it is not known.
 */
export function headAdvice({ possibleHeads }: NetworkWeights, features: number | undefined): string {
  const fitting = [...possibleHeads].filter(([, inputs]) => features === undefined || inputs === features);
  const [name] = fitting.at(-1) ?? [];
  if (name !== undefined) return `Name the one that is the head, as { head: ${quoted(name)} }, or give`;
  return 'None of them alone can be the head, so give';
}

/** Which tensors were not read since they are of a kind that no network here has, in words; nothing where there are none. */
export function unreadTensors({ skipped }: Pick<NetworkWeights, 'skipped'>): string {
  const unread = skipped.filter((words) => /\(torch\.(_utils\._rebuild_\w+|\w+Storage)/.test(words));
  return unread.length === 0
    ? ''
    : ` ${unread.length} tensors were not read, which are quantized, sparse, complex or of another kind that is not known ` +
        `here: ${listed(unread, 10)}. Save them as plain ones of a common type.`;
}
