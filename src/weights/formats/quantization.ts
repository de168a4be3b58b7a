import { CheckpointError, HostTensor, type DType } from './checkpoint.js';

/** How TensorFlow.js stores a weight. */
export interface StoredWeight {
  readonly dtype: DType;
  /** What the stored elements stand for. */
  readonly decode: (stored: HostTensor) => HostTensor;
}

const plainTypes = new Map<unknown, DType>([
  ['float32', 'F32'],
  ['int32', 'I32'],
]);
const codeTypes = new Map<unknown, DType>([
  ['uint8', 'U8'],
  ['uint16', 'U16'],
]);

/**
 * How a weight is stored of which a manifest says this: as it is, in float16, or as whole numbers n of one or two bytes that
 * stand for n * scale + min, rounded if the weight is an integer. Source: tf.io.decodeWeights.
 * @throws CheckpointError where it is stored in another way, or scale and min are not there.
 */
export function storedWeight(name: string, dtype: unknown, quantization: unknown): StoredWeight {
  const type = plainTypes.get(dtype);
  if (type && quantization === undefined) return { dtype: type, decode: (stored) => stored };
  const { dtype: code, scale, min } = (quantization ?? {}) as Record<string, unknown>;
  if (type === 'F32' && code === 'float16') return { dtype: 'F16', decode: (stored) => stored };
  const codes = codeTypes.get(code);
  if (!type || !codes) {
    const how = quantization === undefined ? '' : `, quantized to ${JSON.stringify(code)}`;
    throw new CheckpointError(
      `'${name}' is ${JSON.stringify(dtype)}${how}; of TensorFlow.js, float32 and int32 are read, also quantized to ` +
        'uint8 or uint16, and float32 quantized to float16.',
    );
  }
  if (typeof scale !== 'number' || typeof min !== 'number') {
    throw new CheckpointError(
      `'${name}' is quantized with the scale ${JSON.stringify(scale)} and the min ${JSON.stringify(min)}, which must ` +
        'be numbers. Convert the model again.',
    );
  }
  const decode = (stored: HostTensor) => {
    const n = stored.toFloat32();
    const values =
      type === 'I32' ? Int32Array.from(n, (n) => Math.round(n * scale + min)) : n.map((n) => n * scale + min);
    return new HostTensor(type, stored.shape, new Uint8Array(values.buffer));
  };
  return { dtype: codes, decode };
}
