import { CheckpointError, HostTensor, type Checkpoint } from './checkpoint.js';
import { readHdf5, type Hdf5Tensor } from './hdf5.js';

/** The part of a .keras archive that holds the weights. */
export const KERAS_WEIGHTS = 'model.weights.h5';

/** Where the layers are: in .h5 of a whole model, in .weights.h5, and in .weights.h5 of the first Keras 3. */
const layerGroups = ['model_weights', 'layers', '_layer_checkpoint_dependencies'];

/**
 * Reads Keras's weights in HDF5: the .h5 of Keras 2 and 3 (weights or a whole model) and the .weights.h5 of Keras 3. A
 * tensor's key is its variable's path in Keras, such as `conv1_conv/kernel`; what optimizers keep is passed over.
 * Reading takes the package h5wasm.
 * @throws CheckpointError where the file is damaged, has two variables of one path, or does not name its layers.
 */
export async function decodeKeras(bytes: Uint8Array): Promise<Checkpoint> {
  const { tensors } = await readKerasPart(bytes);
  return { tensors, metadata: new Map() };
}

/** The tensors of one of several files. */
export interface KerasPart {
  readonly tensors: ReadonlyMap<string, HostTensor>;
  /** The paths of the groups that have tensors. */
  readonly groups: ReadonlySet<string>;
}

/**
 * Reads a file that may be one of several.
 * @param layerNames - Of the groups in the files before, by path, to which those of this file are added: a group that goes on in
 * another file has its name in the first alone.
 */
export async function readKerasPart(
  bytes: Uint8Array,
  layerNames = new Map<string, string>(),
): Promise<KerasPart> {
  const tensors = new Map<string, HostTensor>();
  const groups = new Set<string>();
  for (const tensor of await readHdf5(bytes, layerGroups)) {
    const group = `/${[tensor.top, ...tensor.path.slice(0, -1)].filter((part) => part !== undefined).join('/')}`;
    const layer = tensor.groupName ?? layerNames.get(group);
    if (layer !== undefined) layerNames.set(group, layer);
    groups.add(group);
    const key = variablePath(tensor, layer);
    if (/(^|\/)optimizer/.test(key) || tensor.path[0]!.startsWith('optimizer')) continue;
    if (tensors.has(key))
      throw new CheckpointError(`This Keras file has '${key}' twice; save one model alone.`);
    tensors.set(key, new HostTensor(tensor.dtype, tensor.shape, tensor.bytes));
  }
  return { tensors, groups };
}

/** The layer's name and the variable's. */
function variablePath({ path }: Hdf5Tensor, groupName: string | undefined): string {
  const inVars = path.at(-2) === 'vars';
  const layer = inVars ? groupName : path.at(-2);
  if (layer === undefined) {
    throw new CheckpointError(
      `'${path.join('/')}' is of a layer whose name the file does not tell. ` +
        'Save the weights with Keras 3.4 or later, or as .h5.',
    );
  }
  const leaf = path.at(-1)!.replace(/:0$/, '');
  const name = inVars ? (variableNames(path.at(-3) ?? '')[Number(leaf)] ?? leaf) : leaf;
  return kerasKey(`${layer}/${name}`);
}

/** A variable's path as Keras 3 has it, of what older versions and TensorFlow.js called it. */
export function kerasKey(path: string): string {
  const [layer, name] = path.split('/').slice(-2) as [string, string?];
  if (name === undefined) return path;
  return `${currentLayerNames[layer] ?? layer}/${name === 'depthwise_kernel' ? 'kernel' : name}`;
}

/** Files of keras_applications have the head's former name; Keras reads them by order. */
const currentLayerNames: Record<string, string> = { probs: 'predictions' };

/** What a layer of .weights.h5 numbers, by the class in its group's name, such as `batch_normalization_3`. */
function variableNames(group: string): readonly string[] {
  const layerClass = group.replace(/_\d+$/, '');
  if (layerClass === 'batch_normalization') return ['gamma', 'beta', 'moving_mean', 'moving_variance'];
  if (layerClass === 'normalization') return ['mean', 'variance', 'count'];
  return ['conv2d', 'depthwise_conv2d', 'dense'].includes(layerClass) ? ['kernel', 'bias'] : [];
}
