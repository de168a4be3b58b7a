import protobuf from 'protobufjs/minimal.js';

/** Writes the fields of a message of Protocol Buffers; each takes the number that the field has in its .proto file. */
export type Writer = protobuf.Writer;

/** Protocol Buffers' kinds of fields. */
const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** The bytes of a message. */
export function encode(write: (writer: Writer) => void): Uint8Array {
  const writer = protobuf.Writer.create();
  write(writer);
  return writer.finish();
}

export function int(writer: Writer, field: number, value: number): void {
  writer.uint32(tag(field, VARINT)).int64(value);
}

export function float(writer: Writer, field: number, value: number): void {
  writer.uint32(tag(field, FIXED32)).float(value);
}

export function double(writer: Writer, field: number, value: number): void {
  writer.uint32(tag(field, FIXED64)).double(value);
}

export function text(writer: Writer, field: number, value: string): void {
  writer.uint32(tag(field, BYTES)).string(value);
}

export function bytes(writer: Writer, field: number, value: Uint8Array): void {
  writer.uint32(tag(field, BYTES)).bytes(value);
}

export function message(writer: Writer, field: number, write: (writer: Writer) => void): void {
  writer.uint32(tag(field, BYTES)).fork();
  write(writer);
  writer.ldelim();
}

function tag(field: number, kind: number): number {
  return (field << 3) | kind;
}
