import { bytes, encode, float, int, message, text, type Writer } from '../../core/protobuf.js';

/** The version of ONNX's operators that the nodes are of; ONNX Runtime 1.13 and later run it. */
const OPSET = 17;
/** The version of the file format that came with it. */
const IR_VERSION = 8;

/** Values of an attribute of a node. */
export type OnnxAttribute = number | string | readonly number[] | { readonly float: number };

/** A dimension: its size, or a name where it may be any. */
export type OnnxDimension = number | string;

/** The numbers of the types of values, in onnx/onnx.proto: those of tfjs, and ONNX's for sizes and places. */
export const elementTypes = { float32: 1, int32: 6, int64: 7, bool: 9 } as const;
const attributeTypes = { float: 1, int: 2, string: 3, ints: 7 };

/** An input or output of a graph. */
export interface OnnxValue {
  readonly name: string;
  readonly type: keyof typeof elementTypes;
  readonly shape: readonly OnnxDimension[];
}

interface Node {
  readonly operator: string;
  readonly inputs: string[];
  readonly outputs: string[];
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

/** An ONNX graph that is built node by node and written as a file. */
export class OnnxGraph {
  readonly #nodes: Node[] = [];
  readonly #initializers: ((writer: Writer) => void)[] = [];

  /** @param name - Of the graph, as tools show it. */
  constructor(readonly name: string) {}

  /**
   * Adds a node.
   * @param outputs - Names of its outputs, which no other node may have.
   * @returns the first of them.
   */
  node(
    operator: string,
    inputs: readonly string[],
    outputs: string | readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
  ): string {
    const names = [outputs].flat();
    this.#nodes.push({ operator, inputs: [...inputs], outputs: names, attributes });
    return names[0]!;
  }

  /** Gives the output of a node another name, wherever it is used. False where no node has it. */
  rename(from: string, to: string): boolean {
    if (!this.#nodes.some(({ outputs }) => outputs.includes(from))) return false;
    for (const { inputs, outputs } of this.#nodes) {
      for (const names of [inputs, outputs]) names.forEach((name, i) => name === from && (names[i] = to));
    }
    return true;
  }

  /**
   * Adds a constant: of the type of its values, or whole numbers of 64 bits where they are an array.
   * @returns `name`.
   */
  constant(
    name: string,
    shape: readonly number[],
    values: Float32Array | Int32Array | Uint8Array | readonly number[],
  ): string {
    const elements = Array.isArray(values)
      ? BigInt64Array.from(values as number[], BigInt)
      : (values as Float32Array);
    const type =
      elements instanceof BigInt64Array
        ? elementTypes.int64
        : values instanceof Float32Array
          ? elementTypes.float32
          : values instanceof Int32Array
            ? elementTypes.int32
            : elementTypes.bool;
    const data = new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength);
    this.#initializers.push((writer) => {
      for (const size of shape) int(writer, 1, size);
      int(writer, 2, type);
      text(writer, 8, name);
      bytes(writer, 9, data);
    });
    return name;
  }

  /** The file of this graph, with words about it. */
  encode(
    inputs: readonly OnnxValue[],
    outputs: readonly OnnxValue[],
    metadata: Readonly<Record<string, string>>,
  ): Uint8Array {
    return encode((writer) => {
      int(writer, 1, IR_VERSION);
      text(writer, 2, 'skipscale');
      message(writer, 7, (writer) => {
        for (const node of this.#nodes) message(writer, 1, (writer) => encodeNode(writer, node));
        text(writer, 2, this.name);
        for (const initializer of this.#initializers) message(writer, 5, initializer);
        for (const input of inputs) message(writer, 11, (writer) => valueInfo(writer, input));
        for (const output of outputs) message(writer, 12, (writer) => valueInfo(writer, output));
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

function encodeNode(writer: Writer, { operator, inputs, outputs, attributes }: Node): void {
  for (const input of inputs) text(writer, 1, input);
  for (const output of outputs) text(writer, 2, output);
  text(writer, 3, outputs[0]!);
  text(writer, 4, operator);
  for (const [name, value] of Object.entries(attributes)) {
    message(writer, 5, (writer) => attribute(writer, name, value));
  }
}

function valueInfo(writer: Writer, { name, type, shape }: OnnxValue): void {
  text(writer, 1, name);
  message(writer, 2, (writer) =>
    message(writer, 1, (tensor) => {
      int(tensor, 1, elementTypes[type]);
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
