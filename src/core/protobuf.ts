import { BinaryWriter, WireType, type IBinaryWriter } from '@protobuf-ts/runtime';

/**
 * Writes the fields of a message of Protocol Buffers; each takes the number that the field has in its .proto file. It is the
 * list of the bytes so far: `BinaryWriter` copies a value once for each message that it is in.
 */
export type Writer = Uint8Array[];

/** The bytes of a message. */
export function encode(write: (writer: Writer) => void): Uint8Array {
  const writer: Writer = [];
  write(writer);
  const message = new Uint8Array(lengthOf(writer));
  let place = 0;
  for (const part of writer) {
    message.set(part, place);
    place += part.length;
  }
  return message;
}

export function int(writer: Writer, field: number, value: number): void {
  add(writer, field, WireType.Varint, (binary) => binary.int64(value));
}

export function float(writer: Writer, field: number, value: number): void {
  add(writer, field, WireType.Bit32, (binary) => binary.float(value));
}

export function double(writer: Writer, field: number, value: number): void {
  add(writer, field, WireType.Bit64, (binary) => binary.double(value));
}

export function text(writer: Writer, field: number, value: string): void {
  add(writer, field, WireType.LengthDelimited, (binary) => binary.string(value));
}

export function bytes(writer: Writer, field: number, value: Uint8Array): void {
  add(writer, field, WireType.LengthDelimited, (binary) => binary.uint32(value.length));
  writer.push(value);
}

export function message(writer: Writer, field: number, write: (writer: Writer) => void): void {
  const parts: Writer = [];
  write(parts);
  add(writer, field, WireType.LengthDelimited, (binary) => binary.uint32(lengthOf(parts)));
  for (const part of parts) writer.push(part);
}

const textEncoder = new TextEncoder();

function add(
  writer: Writer,
  field: number,
  type: WireType,
  write: (binary: BinaryWriter) => IBinaryWriter,
): void {
  const binary = new BinaryWriter(textEncoder);
  binary.tag(field, type);
  write(binary);
  writer.push(binary.finish());
}

function lengthOf(writer: Writer): number {
  return writer.reduce((sum, { length }) => sum + length, 0);
}
