import { CheckpointError, ChoiceError, type Checkpoint } from './checkpoint.js';
import { isHdf5 } from './hdf5.js';
import { KERAS_WEIGHTS, decodeKeras } from './keras.js';
import { checkNoPointer } from './lfs-pointer.js';
import { isPyTorch, decodePyTorch } from './pytorch.js';
import { decodeSafetensors } from './safetensors.js';
import { isZip, readStoredZip } from './zip.js';

/**
 * Reads a file of weights of any known format, recognised by its content and not by its name.
 * @param checkpointKey - Which weights of a PyTorch file that has several, such as `'state_dict_ema'`, or in short `'ema'`.
 * @throws CheckpointError where the format is unknown, the file is damaged, or it has several weights and none is named.
 */
export async function decode(bytes: Uint8Array, checkpointKey?: string): Promise<Checkpoint> {
  // The brace of its header is all that tells a safetensors file; no other format has one there, whereas the length
  // before it may look like the begin of a pickle.
  if (bytes[8] === 0x7b) return noTraining(decodeSafetensors(bytes));
  if (isHdf5(bytes)) return decodeKeras(bytes);
  const kerasWeights = isZip(bytes) && readStoredZip(bytes).get(KERAS_WEIGHTS);
  if (kerasWeights) return decodeKeras(kerasWeights());
  if (isPyTorch(bytes)) return decodePyTorch(bytes, checkpointKey);
  checkNoPointer(bytes);
  throw new CheckpointError(
    `These ${bytes.length} bytes are not a known file of weights. Safetensors files are read, PyTorch's ` +
      "(.pth, .pt, .th; zip or older) and Keras's (.h5, .weights.h5, .keras).",
  );
}

/** Refuses what `train` writes to go on from: weights under other names, next to the optimizer's state. */
function noTraining(checkpoint: Checkpoint): Checkpoint {
  const { metadata, tensors } = checkpoint;
  if (!metadata.has('training') || ![...tensors.keys()].some((key) => key.startsWith('model/')))
    return checkpoint;
  throw new ChoiceError(
    'This is a checkpoint of a training, to go on from by train with checkpoints: { resume: true } (--resume on the command line). ' +
      'Give best.safetensors or model.safetensors of the same folder, or go on with the training and save its model.',
  );
}
