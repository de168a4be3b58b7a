import { BinaryWriter, WireType } from '@protobuf-ts/runtime';

/** Writes the fields of a message of Protocol Buffers; each takes the number that the field has in its .proto file. */
export type Writer = BinaryWriter;

/** The bytes of a message. */
export function encode(write: (writer: Writer) => void): Uint8Array {
  const writer = new BinaryWriter();
  write(writer);
  return writer.finish();
}

export function int(writer: Writer, field: number, value: number): void {
  writer.tag(field, WireType.Varint).int64(value);
}

export function float(writer: Writer, field: number, value: number): void {
  writer.tag(field, WireType.Bit32).float(value);
}

export function double(writer: Writer, field: number, value: number): void {
  writer.tag(field, WireType.Bit64).double(value);
}

export function text(writer: Writer, field: number, value: string): void {
  writer.tag(field, WireType.LengthDelimited).string(value);
}

export function bytes(writer: Writer, field: number, value: Uint8Array): void {
  writer.tag(field, WireType.LengthDelimited).bytes(value);
}

export function message(writer: Writer, field: number, write: (writer: Writer) => void): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  write(writer);
  writer.join();
}
