import { counted } from '../../core/counted.js';
import { CheckpointError, type HostTensor } from './checkpoint.js';
import { chooseWeights, type Keyed } from '../names/checkpoint-key.js';
import { PythonName, PythonObject, type PickleValue } from './python-values.js';
import { damaged, TensorView } from './torch-tensors.js';

/** The deepest place in a checkpoint at which weights are looked for, and the deepest of a model's modules. */
const MAX_NESTING = 8;
const MAX_MODULES = 64;

/** More names than these, and longer ones, say no more. */
const MOST_SKIPPED = 100;
const LONGEST_NAME = 100;

/** The longest key of a tensor in a model. */
const LONGEST_KEY = 1000;

/** Weights in a checkpoint. */
interface StateDict extends Keyed {
  readonly tensors: ReadonlyMap<string, TensorView>;
  /** The keys on the way to it. */
  readonly path: readonly PickleValue[];
}

/** What {@link findWeights} gives. */
export interface FoundWeights {
  readonly tensors: Map<string, HostTensor>;
  /** Where they were in the file. */
  readonly key: string;
  /** What else there is of objects and tensors. */
  readonly skipped: readonly string[];
}

/**
 * The weights in what a PyTorch file holds: a dictionary of tensors, or a model, wherever it is. Dictionaries that have
 * kernels by names of layers are taken for weights before all others, and what an optimizer keeps never is.
 * @param checkpointKey - Which of several.
 * @throws CheckpointError where there are no tensors, or several weights and none is named.
 */
export function findWeights(value: PickleValue, checkpointKey?: string): FoundWeights {
  const found = [...stateDicts(value, [], new Set())];
  const ofLayers = found.filter(isOfLayers);
  if (found.length === 0) throw noTensors(value);
  const { key, tensors, path } = chooseWeights(ofLayers.length > 0 ? ofLayers : found, checkpointKey);
  return {
    key,
    tensors: new Map(Array.from(tensors, ([name, view]) => [name, view.toHostTensor(name)])),
    skipped: skippedParts(value, path),
  };
}

function isOfLayers({ tensors }: StateDict): boolean {
  return [...tensors].some(([name, { shape }]) => name.includes('.') && shape.length > 1);
}

/** Every dictionary with tensors, and every model, that is in no other one. */
function* stateDicts(
  value: PickleValue,
  path: readonly PickleValue[],
  seen: Set<PickleValue>,
): Generator<StateDict> {
  if (path.length > MAX_NESTING || seen.has(value)) return;
  seen.add(value);
  const key = path.map(short).join('.');
  if (isModule(value)) {
    const tensors = new Map(moduleTensors(value, '', 0, new Set()));
    if (tensors.size > 0) yield { key, tensors, path };
    return;
  }
  const entries = entriesOf(value);
  const tensors = new Map<string, TensorView>();
  for (const [name, entry] of entries) {
    if (typeof name === 'string' && entry instanceof TensorView) tensors.set(name, entry);
  }
  if (tensors.size > 0) yield { key, tensors, path };
  for (const [name, entry] of entries) {
    const isOptimizer = /optim/i.test(short(name)) || (entry instanceof Map && entry.has('param_groups'));
    if (!isOptimizer) yield* stateDicts(entry, [...path, name], seen);
  }
}

/** What a dictionary, a list or an object has in it, by key, place or attribute. */
function entriesOf(value: PickleValue): [PickleValue, PickleValue][] {
  if (value instanceof Map) return [...(value as Map<PickleValue, PickleValue>)];
  if (Array.isArray(value)) return value.map((entry: PickleValue, i) => [i, entry]);
  if (!(value instanceof PythonObject)) return [];
  const { items, state } = value;
  return [
    ...items,
    ...(state instanceof Map ? entriesOf(state) : [['state', state] as [string, PickleValue]]),
  ];
}

function short(key: PickleValue): string {
  return (typeof key === 'string' ? key : typeof key === 'number' ? String(key) : '…').slice(0, LONGEST_NAME);
}

/** The attributes in which a module of PyTorch keeps what it has. */
const moduleParts = ['_parameters', '_buffers', '_modules'];

/** Whether it is a model as a whole: an object of nn.Module, or of TorchScript. */
function isModule(value: PickleValue): value is PythonObject & { state: Map<PickleValue, PickleValue> } {
  return (
    value instanceof PythonObject &&
    value.state instanceof Map &&
    (isScript(value) || moduleParts.every((part) => (value.state as Map<PickleValue, PickleValue>).has(part)))
  );
}

/** TorchScript's objects have their tensors and parts as attributes. */
function isScript({ type }: PythonObject): boolean {
  return type.startsWith('__torch__.');
}

/** The tensors of a module as its state_dict has them. */
function* moduleTensors(
  module: PickleValue,
  prefix: string,
  depth: number,
  seen: Set<PickleValue>,
): Generator<[string, TensorView]> {
  if (!isModule(module) || seen.has(module) || depth > MAX_MODULES) return;
  seen.add(module);
  const notSaved = module.state.get('_non_persistent_buffers_set');
  const parts = isScript(module) ? [module.state] : moduleParts.map((part) => module.state.get(part) ?? null);
  for (const [name, entry] of parts.flatMap(entriesOf)) {
    const key = prefix + short(name);
    if (key.length > LONGEST_KEY) throw damaged(`a tensor's name has more than ${LONGEST_KEY} letters`);
    if (Array.isArray(notSaved) && notSaved.includes(name)) continue;
    if (entry instanceof TensorView) yield [key, entry];
    else yield* moduleTensors(entry, `${key}.`, depth + 1, seen);
  }
}

/** Names of what is not in the weights at the end of `path` but has tensors, or objects of Python's, in it. */
function skippedParts(value: PickleValue, path: readonly PickleValue[]): string[] {
  const skipped = [...otherParts(value, path, '', new Set())];
  const more = skipped.length - MOST_SKIPPED;
  return more > 0 ? [...skipped.slice(0, MOST_SKIPPED), `${more} more`] : skipped;
}

function* otherParts(
  value: PickleValue,
  [next, ...rest]: readonly PickleValue[],
  prefix: string,
  seen: Set<PickleValue>,
): Generator<string> {
  if (isModule(value)) return;
  const isWeights = next === undefined;
  for (const [name, entry] of entriesOf(value)) {
    const key = prefix + short(name);
    if (!isWeights && name === next) yield* otherParts(entry, rest, `${key}.`, seen);
    else if (!isWeights || !(entry instanceof TensorView)) {
      const { tensors, types } = contents(entry, seen);
      const words = [...types].slice(0, 3).concat(tensors > 0 ? [counted(tensors, 'tensor')] : []);
      if (words.length > 0) yield `${key} (${words.join(', ')})`;
    }
  }
}

/** The classes of objects, and the count of tensors, in a value; of what is `seen`, nothing. */
function contents(value: PickleValue, seen: Set<PickleValue>) {
  const types = new Set<string>();
  let tensors = 0;
  const left = [value];
  for (let part = left.pop(); part !== undefined; part = left.pop()) {
    if (typeof part !== 'object' || part === null || seen.has(part)) continue;
    seen.add(part);
    if (part instanceof TensorView) tensors++;
    else if (part instanceof PythonObject) types.add(part.type.slice(0, LONGEST_NAME));
    else if (part instanceof PythonName) types.add(part.name.slice(0, LONGEST_NAME));
    for (const [, entry] of entriesOf(part)) left.push(entry);
  }
  return { types, tensors };
}

function noTensors(value: PickleValue): CheckpointError {
  if (!(value instanceof Map) && !(value instanceof PythonObject)) {
    return new CheckpointError(
      'This PyTorch file holds no dictionary of tensors. Save the state_dict: torch.save(model.state_dict(), file).',
    );
  }
  const keys = entriesOf(value)
    .slice(0, 10)
    .map(([key]) => short(key));
  const types = [...contents(value, new Set()).types].slice(0, 5);
  const objects = types.length > 0 ? `, and objects of ${types.join(', ')}, which are not read` : '';
  return new CheckpointError(
    `This PyTorch file holds a dictionary without tensors (its keys: ${keys.join(', ') || 'none'})${objects}. ` +
      'Save the state_dict: torch.save(model.state_dict(), file).',
  );
}
