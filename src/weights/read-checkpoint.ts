import { CheckpointError, type Checkpoint } from './checkpoint.js';
import { isPyTorch, readPyTorch } from './pytorch.js';
import { readSafetensors } from './safetensors.js';

/**
 * Reads a file of weights of any known format, told by its content and not by its name.
 * @throws CheckpointError where the format is unknown or the file damaged.
 */
export function readCheckpoint(bytes: Uint8Array): Checkpoint {
  if (isPyTorch(bytes)) return readPyTorch(bytes);
  // A safetensors file has nothing but the brace of its header to be known by.
  if (bytes[8] === 0x7b) return readSafetensors(bytes);
  throw new CheckpointError(
    `These ${bytes.length} bytes are not a known file of weights; safetensors and PyTorch's files (.pth, .pt) are read.`,
  );
}
