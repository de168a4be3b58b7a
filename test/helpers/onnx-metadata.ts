import { BinaryReader } from '@protobuf-ts/runtime';

/** The metadata_props of an ONNX file, field 14 of ModelProto, by their keys. */
export function onnxMetadata(file: Uint8Array): Record<string, string> {
  return Object.fromEntries(
    fields(file)
      .filter(([field]) => field === 14)
      .map(([, entry]) => {
        const [key, value] = [1, 2].map((field) => fields(entry).find(([number]) => number === field)![1]);
        return [new TextDecoder().decode(key), new TextDecoder().decode(value)];
      }),
  );
}

/** The fields of a message that have a length. */
function fields(message: Uint8Array): [number, Uint8Array][] {
  const reader = new BinaryReader(message);
  const found: [number, Uint8Array][] = [];
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (type === 2) found.push([field, reader.bytes()]);
    else reader.skip(type);
  }
  return found;
}
