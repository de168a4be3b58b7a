import type * as tf from '@tensorflow/tfjs-core';
import { convInfo, type WindowInfo } from '../../window-info.js';

/**
 * The sizes of a convolution of groups, with a filter [k, k, inChannels / groups, filters]; see `core/kernels.ts`.
 * @throws Error where the groups do not have a multiple of four channels, in and out.
 */
export function groupedConvInfo(
  xShape: readonly number[],
  filterShape: readonly number[],
  attrs: tf.NamedAttrMap,
): { readonly info: WindowInfo; readonly groups: number } {
  const groups = attrs['groups'] as number;
  const [depth, filters] = filterShape.slice(2) as [number, number];
  if (depth % 4 !== 0 || (filters / groups) % 4 !== 0 || xShape[3] !== depth * groups) {
    throw new Error(
      `simd: a convolution of ${groups} groups got x [${xShape}] and a filter [${filterShape}]; ` +
        `give groups of a multiple of four channels, in and out.`,
    );
  }
  return { info: convInfo(xShape, filterShape, { ...attrs, dilations: 1 }), groups };
}
