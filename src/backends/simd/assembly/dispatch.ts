import * as id from '../kernel-ids';
import { affine, gradientSlices, joinMoments, momentSlices, normGradient } from './batch-norm';
import { convolve, pack } from './convolve';
import { depthwise, depthwiseFilter, depthwiseInput } from './depthwise';
import { binary, unary } from './elementwise';
import { winogradCheck, winogradFilterCheck } from './evenness';
import { filterGradient, packChannels } from './filter-gradient';
import {
  adamStep,
  averageStep,
  lambMoments,
  lambStep,
  rmsPropStep,
  scaledSums,
  sgdStep,
  sumSquares,
} from './optimizers';
import { averagePoolGradient, maxPoolGradient, pool } from './pooling';
import { addSlices, reduceRows, softmax, sumColumns } from './reduce';
import { resizeBilinear } from './resize';
import { copy, pad } from './shape';
import { scaleImages, sumProducts } from './squeeze-excite';
import { winogradFilter, winogradFilterOutput, winogradFilterProduct, winogradFilterTransform } from './winograd-filter';
import { winograd, winogradInput, winogradOutput, winogradPack, winogradProduct } from './winograd';

/** Runs one chunk of a job. A switch, since a table of functions would need static memory, which threads share. */
export function dispatch(kernel: i32, chunk: i32, thread: i32): void {
  switch (kernel) {
    case id.CONVOLVE: return convolve(chunk, thread);
    case id.PACK: return pack(chunk, thread);
    case id.WINOGRAD: return winograd(chunk, thread);
    case id.WINOGRAD_PACK: return winogradPack(chunk, thread);
    case id.COPY: return copy(chunk, thread);
    case id.WINOGRAD_INPUT: return winogradInput(chunk, thread);
    case id.WINOGRAD_PRODUCT: return winogradProduct(chunk, thread);
    case id.WINOGRAD_OUTPUT: return winogradOutput(chunk, thread);
    case id.DEPTHWISE: return depthwise(chunk, thread);
    case id.DEPTHWISE_INPUT: return depthwiseInput(chunk, thread);
    case id.DEPTHWISE_FILTER: return depthwiseFilter(chunk, thread);
    case id.BINARY: return binary(chunk, thread);
    case id.UNARY: return unary(chunk, thread);
    case id.POOL: return pool(chunk, thread);
    case id.MAX_POOL_GRADIENT: return maxPoolGradient(chunk, thread);
    case id.AVERAGE_POOL_GRADIENT: return averagePoolGradient(chunk, thread);
    case id.SUM_COLUMNS: return sumColumns(chunk, thread);
    case id.ADD_SLICES: return addSlices(chunk, thread);
    case id.REDUCE_ROWS: return reduceRows(chunk, thread);
    case id.SOFTMAX: return softmax(chunk, thread);
    case id.AFFINE: return affine(chunk, thread);
    case id.MOMENT_SLICES: return momentSlices(chunk, thread);
    case id.JOIN_MOMENTS: return joinMoments(chunk, thread);
    case id.GRADIENT_SLICES: return gradientSlices(chunk, thread);
    case id.NORM_GRADIENT: return normGradient(chunk, thread);
    case id.FILTER_GRADIENT: return filterGradient(chunk, thread);
    case id.PACK_CHANNELS: return packChannels(chunk, thread);
    case id.PAD: return pad(chunk, thread);
    case id.RESIZE_BILINEAR: return resizeBilinear(chunk, thread);
    case id.WINOGRAD_FILTER: return winogradFilter(chunk, thread);
    case id.WINOGRAD_FILTER_TRANSFORM: return winogradFilterTransform(chunk, thread);
    case id.WINOGRAD_FILTER_PRODUCT: return winogradFilterProduct(chunk, thread);
    case id.WINOGRAD_FILTER_OUTPUT: return winogradFilterOutput(chunk, thread);
    case id.WINOGRAD_CHECK: return winogradCheck(chunk, thread);
    case id.WINOGRAD_FILTER_CHECK: return winogradFilterCheck(chunk, thread);
    case id.SGD_STEP: return sgdStep(chunk, thread);
    case id.ADAM_STEP: return adamStep(chunk, thread);
    case id.RMS_PROP_STEP: return rmsPropStep(chunk, thread);
    case id.AVERAGE_STEP: return averageStep(chunk, thread);
    case id.LAMB_MOMENTS: return lambMoments(chunk, thread);
    case id.LAMB_STEP: return lambStep(chunk, thread);
    case id.SUM_SQUARES: return sumSquares(chunk, thread);
    case id.SCALED_SUMS: return scaledSums(chunk, thread);
    case id.SUM_PRODUCTS: return sumProducts(chunk, thread);
    case id.SCALE_IMAGES: return scaleImages(chunk, thread);
  }
}
