import * as tf from '@tensorflow/tfjs-core';

/** Shape and type of a tensor. */
export interface TensorType {
  readonly shape: number[];
  readonly dtype: tf.DataType;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Attributes = Record<string, any>;

/** What a kernel gives, of the types of its inputs (in tfjs's order of names) and its attributes. */
export type KernelShape = (
  inputs: Readonly<Record<string, TensorType>>,
  attributes: Attributes,
) => TensorType | TensorType[];

const { backend_util: util, slice_util: slices } = tf;

const first = (inputs: Readonly<Record<string, TensorType>>): TensorType => Object.values(inputs)[0]!;
const product = (sizes: readonly number[]) => sizes.reduce((a, b) => a * b, 1);

/** The kernels that keep the shape and type of their first input. */
const sameType: KernelShape = (inputs) => ({ ...first(inputs) });
const sameShape = (dtype: tf.DataType): KernelShape => {
  return (inputs) => ({ shape: first(inputs).shape, dtype });
};

const broadcast = (dtype?: tf.DataType): KernelShape => {
  return (inputs) => {
    const [a, b] = Object.values(inputs) as [TensorType, TensorType];
    return { shape: util.assertAndGetBroadcastShape(a.shape, b.shape), dtype: dtype ?? a.dtype };
  };
};

const reduced = (dtype?: tf.DataType): KernelShape => {
  return ({ x }, { axis, reductionIndices, keepDims }) => {
    const axes = tf.util.parseAxisParam((axis ?? reductionIndices) as number | number[], x!.shape);
    const shape = keepDims
      ? x!.shape.map((size, i) => (axes.includes(i) ? 1 : size))
      : x!.shape.filter((_, i) => !axes.includes(i));
    return { shape, dtype: dtype ?? x!.dtype };
  };
};

const convolved = (isDepthwise: boolean): KernelShape => {
  return ({ x, filter }, { strides, dilations, pad, dimRoundingMode, dataFormat }) => {
    // A grouped convolution's kernel has fewer input channels than the image; the shape does not depend on them.
    const [height, width, , filters] = filter!.shape as [number, number, number, number];
    const kernel = isDepthwise ? filter!.shape : [height, width, x!.shape[3]!, filters];
    const { outShape } = util.computeConv2DInfo(
      x!.shape as [number, number, number, number],
      kernel as [number, number, number, number],
      strides,
      dilations ?? 1,
      pad,
      dimRoundingMode,
      isDepthwise,
      dataFormat === 'NCHW' ? 'channelsFirst' : 'channelsLast',
    );
    return { shape: outShape, dtype: x!.dtype };
  };
};

const pooled: KernelShape = ({ x }, { filterSize, strides, pad, dimRoundingMode }) => {
  const shape = x!.shape as [number, number, number, number];
  const { outShape } = util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
  return { shape: outShape, dtype: x!.dtype };
};

const multiplied: KernelShape = ({ a, b }, { transposeA, transposeB }) => {
  const rows = a!.shape.at(transposeA ? -1 : -2)!;
  const columns = b!.shape.at(transposeB ? -2 : -1)!;
  const batch = util.assertAndGetBroadcastShape(a!.shape.slice(0, -2), b!.shape.slice(0, -2));
  return { shape: [...batch, rows, columns], dtype: a!.dtype };
};

const padded: KernelShape = ({ x }, { paddings }) => ({
  shape: x!.shape.map((size, i) => size + paddings[i][0] + paddings[i][1]),
  dtype: x!.dtype,
});

const resized: KernelShape = ({ images }, { size }) => ({
  shape: [images!.shape[0]!, size[0], size[1], images!.shape[3]!],
  dtype: 'float32',
});

/** Lists kernels that share a shape function. */
const all = (names: string, shape: KernelShape) =>
  Object.fromEntries(names.split(' ').map((name) => [name, shape]));

/** The shapes that the kernels of tfjs give, which is all of them that the trace knows. */
export const kernelShapes: Readonly<Record<string, KernelShape>> = {
  ...all(
    'Abs Acos Acosh Asin Asinh Atan Atanh Ceil ClipByValue Cos Cosh Cumprod Cumsum Elu Erf Exp Expm1 Floor ' +
      'FusedBatchNorm Identity LeakyRelu Log Log1p LogSoftmax LRN Neg OnesLike Reciprocal Relu Relu6 Reverse Round ' +
      'Rsqrt Selu Sigmoid Sign Sin Sinh Softmax Softplus Sqrt Square Step Tan Tanh ZerosLike AddN',
    sameType,
  ),
  ...all('IsFinite IsInf IsNan LogicalNot', sameShape('bool')),
  ...all('Add Atan2 FloorDiv Maximum Minimum Mod Multiply Pow Prelu SquaredDifference Sub', broadcast()),
  RealDiv: broadcast('float32'),
  ...all(
    'Equal Greater GreaterEqual Less LessEqual LogicalAnd LogicalOr LogicalXor NotEqual',
    broadcast('bool'),
  ),
  ...all('Max Min Prod Sum', reduced()),
  Mean: reduced('float32'),
  ...all('All Any', reduced('bool')),
  ...all('ArgMax ArgMin', reduced('int32')),
  ...all('Conv2D FusedConv2D', convolved(false)),
  ...all('DepthwiseConv2dNative FusedDepthwiseConv2D', convolved(true)),
  Conv2DBackpropInput: ({ dy }, { inputShape }) => ({ shape: inputShape, dtype: dy!.dtype }),
  ...all('AvgPool MaxPool', pooled),
  ...all('BatchMatMul _FusedMatMul', multiplied),
  ...all('PadV2 MirrorPad', padded),
  ...all('ResizeBilinear ResizeNearestNeighbor', resized),

  Cast: ({ x }, { dtype }) => ({ shape: x!.shape, dtype }),
  Reshape: ({ x }, { shape }) => ({
    shape: tf.util.inferFromImplicitShape(shape, product(x!.shape)),
    dtype: x!.dtype,
  }),
  ExpandDims: ({ input }, { dim }) => {
    const shape = [...input!.shape];
    shape.splice(dim < 0 ? shape.length + 1 + dim : dim, 0, 1);
    return { shape, dtype: input!.dtype };
  },
  Transpose: ({ x }, { perm }) => ({
    shape: perm.map((axis: number) => x!.shape[axis]!),
    dtype: x!.dtype,
  }),
  Concat: (inputs, { axis }) => {
    const parts = Object.values(inputs);
    const [at] = tf.util.parseAxisParam(axis as number, parts[0]!.shape) as [number];
    return {
      shape: util.computeOutShape(
        parts.map(({ shape }) => shape),
        at,
      ),
      dtype: parts[0]!.dtype,
    };
  },
  Pack: (inputs, { axis }) => {
    const { shape, dtype } = first(inputs);
    const at = axis < 0 ? shape.length + 1 + axis : axis;
    return { shape: [...shape.slice(0, at), Object.keys(inputs).length, ...shape.slice(at)], dtype };
  },
  Unpack: ({ value }, { axis }) => {
    const [at] = tf.util.parseAxisParam(axis as number, value!.shape) as [number];
    const shape = value!.shape.filter((_, i) => i !== at);
    return Array.from({ length: value!.shape[at]! }, () => ({ shape, dtype: value!.dtype }));
  },
  SplitV: ({ x }, { numOrSizeSplits, axis }) => {
    const [at] = tf.util.parseAxisParam(axis as number, x!.shape) as [number];
    const sizes = util.prepareSplitSize({ ...x!, rank: x!.shape.length } as tf.Tensor, numOrSizeSplits, at);
    return sizes.map((size) => ({
      shape: x!.shape.map((old, i) => (i === at ? size : old)),
      dtype: x!.dtype,
    }));
  },
  Slice: ({ x }, { begin, size }) => {
    const parsed = slices.parseSliceParams({ ...x!, rank: x!.shape.length } as tf.Tensor, begin, size);
    return { shape: parsed[1]!, dtype: x!.dtype };
  },
  StridedSlice: ({ x }, { begin, end, strides, ...masks }) => {
    const { beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask } = masks;
    const { finalShape } = slices.sliceInfo(
      x!.shape,
      begin,
      end,
      strides,
      beginMask,
      endMask,
      ellipsisMask,
      newAxisMask,
      shrinkAxisMask,
    );
    return { shape: finalShape, dtype: x!.dtype };
  },
  Tile: ({ x }, { reps }) => ({ shape: x!.shape.map((size, i) => size * reps[i]), dtype: x!.dtype }),
  BroadcastTo: ({ x }, { shape }) => ({ shape, dtype: x!.dtype }),
  Select: ({ condition, t }) => ({ shape: t?.shape ?? condition!.shape, dtype: t!.dtype }),
  GatherV2: ({ x, indices }, { axis, batchDims }) => {
    const [at] = tf.util.parseAxisParam(axis as number, x!.shape) as [number];
    const shape = [...x!.shape.slice(0, at), ...indices!.shape.slice(batchDims), ...x!.shape.slice(at + 1)];
    return { shape, dtype: x!.dtype };
  },
  OneHot: ({ indices }, { depth, dtype }) => ({
    shape: [...indices!.shape, depth],
    dtype: dtype ?? 'float32',
  }),
  Fill: (_, { shape, dtype, value }) => ({
    shape,
    dtype: dtype ?? (typeof value === 'boolean' ? 'bool' : 'float32'),
  }),
  Range: (_, { start, stop, step, dtype }) => ({
    shape: [Math.max(0, Math.ceil((stop - start) / step))],
    dtype,
  }),
  DepthToSpace: ({ x }, { blockSize }) => {
    const [n, h, w, c] = x!.shape as [number, number, number, number];
    return { shape: [n, h * blockSize, w * blockSize, c / blockSize ** 2], dtype: x!.dtype };
  },
  SpaceToBatchND: ({ x }, { blockShape, paddings }) => {
    const sides = blockShape.map(
      (block: number, i: number) => (x!.shape[i + 1]! + paddings[i][0] + paddings[i][1]) / block,
    );
    const rest = x!.shape.slice(blockShape.length + 1);
    return { shape: [x!.shape[0]! * product(blockShape), ...sides, ...rest], dtype: x!.dtype };
  },
  BatchToSpaceND: ({ x }, { blockShape, crops }) => {
    const sides = blockShape.map(
      (block: number, i: number) => x!.shape[i + 1]! * block - crops[i][0] - crops[i][1],
    );
    const rest = x!.shape.slice(blockShape.length + 1);
    return { shape: [x!.shape[0]! / product(blockShape), ...sides, ...rest], dtype: x!.dtype };
  },
  TopK: ({ x }, { k }) => {
    const shape = [...x!.shape.slice(0, -1), k as number];
    return [
      { shape, dtype: x!.dtype },
      { shape, dtype: 'int32' },
    ];
  },
};
