import { CheckpointError, type Checkpoint } from './checkpoint.js';
import { isPyTorch, readPyTorch } from './pytorch.js';
import { readSafetensors } from './safetensors.js';

/**
 * Reads a file of weights of any known format, told by its content and not by its name.
 * @throws CheckpointError where the format is unknown or the file damaged.
 */
export function readCheckpoint(bytes: Uint8Array): Checkpoint {
  // The brace of its header is all that tells a safetensors file; no other format has one there, whereas the length
  // before it may look like the begin of a pickle.
  if (bytes[8] === 0x7b) return readSafetensors(bytes);
  if (isPyTorch(bytes)) return readPyTorch(bytes);
  throw new CheckpointError(
    `These ${bytes.length} bytes are not a known file of weights. Safetensors files are read, and PyTorch's ` +
      '(.pth, .pt, .th; zip or older).',
  );
}
