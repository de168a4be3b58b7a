import * as id from '../kernel-ids';
import { convolve, pack } from './convolve';
import { pad } from './shape';
import { winograd, winogradInput, winogradOutput, winogradPack, winogradProduct } from './winograd';

/** Runs one chunk of a job. A switch, since a table of functions would need static memory, which threads share. */
export function dispatch(kernel: i32, chunk: i32, thread: i32): void {
  switch (kernel) {
    case id.CONVOLVE:
      return convolve(chunk, thread);
    case id.PACK:
      return pack(chunk, thread);
    case id.WINOGRAD:
      return winograd(chunk, thread);
    case id.WINOGRAD_PACK:
      return winogradPack(chunk, thread);
    case id.WINOGRAD_INPUT:
      return winogradInput(chunk, thread);
    case id.WINOGRAD_PRODUCT:
      return winogradProduct(chunk, thread);
    case id.WINOGRAD_OUTPUT:
      return winogradOutput(chunk, thread);
    case id.PAD:
      return pad(chunk, thread);
  }
}
