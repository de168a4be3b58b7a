import { bytes, encode, float, int, message, text, type Writer } from '../../core/protobuf.js';

/** The version of ONNX's operators that the nodes are of; ONNX Runtime 1.13 and later run it. */
const OPSET = 17;
/** The version of the file format that came with it. */
const IR_VERSION = 8;

/** Values of an attribute of a node. */
export type OnnxAttribute = number | string | readonly number[] | { readonly float: number };

/** A dimension: its size, or a name where it may be any. */
export type OnnxDimension = number | string;

/** Numbers that the fields of a message have, in onnx/onnx.proto, and those of its enumerations. */
const FLOAT = 1;
const INT64 = 7;
const attributeTypes = { float: 1, int: 2, string: 3, ints: 7 };

/** An ONNX graph of one input and one output that is built node by node and written as a file. */
export class OnnxGraph {
  readonly #nodes: ((writer: Writer) => void)[] = [];
  readonly #initializers: ((writer: Writer) => void)[] = [];

  /** @param name - Of the graph, as tools show it. */
  constructor(readonly name: string) {}

  /**
   * Adds a node.
   * @param output - Name of its only output, which no other node may have.
   * @returns `output`.
   */
  node(
    operator: string,
    inputs: readonly string[],
    output: string,
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
  ): string {
    this.#nodes.push((writer) => {
      for (const input of inputs) text(writer, 1, input);
      text(writer, 2, output);
      text(writer, 3, output);
      text(writer, 4, operator);
      for (const [name, value] of Object.entries(attributes)) {
        message(writer, 5, (writer) => attribute(writer, name, value));
      }
    });
    return output;
  }

  /**
   * Adds a constant: float32, or whole numbers where the values are an array.
   * @returns `name`.
   */
  constant(name: string, shape: readonly number[], values: Float32Array | readonly number[]): string {
    const isFloat = values instanceof Float32Array;
    const elements = isFloat ? values : BigInt64Array.from(values, BigInt);
    const data = new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength);
    this.#initializers.push((writer) => {
      for (const size of shape) int(writer, 1, size);
      int(writer, 2, isFloat ? FLOAT : INT64);
      text(writer, 8, name);
      bytes(writer, 9, data);
    });
    return name;
  }

  /** The file of this graph, with words about it. */
  encode(
    input: { readonly name: string; readonly shape: readonly OnnxDimension[] },
    output: { readonly name: string; readonly shape: readonly OnnxDimension[] },
    metadata: Readonly<Record<string, string>>,
  ): Uint8Array {
    return encode((writer) => {
      int(writer, 1, IR_VERSION);
      text(writer, 2, 'skipscale');
      message(writer, 7, (writer) => {
        for (const node of this.#nodes) message(writer, 1, node);
        text(writer, 2, this.name);
        for (const initializer of this.#initializers) message(writer, 5, initializer);
        message(writer, 11, (writer) => valueInfo(writer, input));
        message(writer, 12, (writer) => valueInfo(writer, output));
      });
      message(writer, 8, (writer) => {
        text(writer, 1, '');
        int(writer, 2, OPSET);
      });
      for (const [key, value] of Object.entries(metadata)) {
        message(writer, 14, (writer) => {
          text(writer, 1, key);
          text(writer, 2, value);
        });
      }
    });
  }
}

function attribute(writer: Writer, name: string, value: OnnxAttribute): void {
  text(writer, 1, name);
  if (typeof value === 'number') {
    int(writer, 3, value);
    int(writer, 20, attributeTypes.int);
  } else if (typeof value === 'string') {
    text(writer, 4, value);
    int(writer, 20, attributeTypes.string);
  } else if ('float' in value) {
    float(writer, 2, value.float);
    int(writer, 20, attributeTypes.float);
  } else {
    for (const item of value) int(writer, 8, item);
    int(writer, 20, attributeTypes.ints);
  }
}

function valueInfo(
  writer: Writer,
  { name, shape }: { readonly name: string; readonly shape: readonly OnnxDimension[] },
): void {
  text(writer, 1, name);
  message(writer, 2, (type) =>
    message(type, 1, (tensor) => {
      int(tensor, 1, FLOAT);
      message(tensor, 2, (dimensions) => {
        for (const size of shape) {
          message(dimensions, 1, (writer) =>
            typeof size === 'number' ? int(writer, 1, size) : text(writer, 2, size),
          );
        }
      });
    }),
  );
}
