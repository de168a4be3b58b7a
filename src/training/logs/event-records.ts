import { crc32c } from '../../core/crc32c.js';
import { bytes, double, encode, float, int, message, text, type Writer } from '../../core/protobuf.js';

/** A picture as a PNG file. */
export interface PngImage {
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
  readonly png: Uint8Array;
}

/** What the first record of a file says, at `time` in seconds since 1970. */
export function versionRecord(time: number): Uint8Array {
  return record(time, undefined, (event) => text(event, 3, 'brain.Event:2'));
}

/** Says that what earlier files have of this step and later ones is void. */
export function restartRecord(time: number, step: number): Uint8Array {
  const START = 1;
  return record(time, step, (event) => message(event, 7, (log) => int(log, 1, START)));
}

/** Numbers, each by its name. */
export function scalarsRecord(
  time: number,
  step: number,
  values: Readonly<Record<string, number>>,
): Uint8Array {
  return summaryRecord(
    time,
    step,
    Object.entries(values).map(([name, number]) => (value) => {
      text(value, 1, name);
      float(value, 2, number);
    }),
  );
}

/** A picture by its name. */
export function imageRecord(time: number, step: number, name: string, image: PngImage): Uint8Array {
  const RGB = 3;
  const { width, height, png } = image;
  const write = (value: Writer) => {
    text(value, 1, name);
    message(value, 4, (image) => {
      int(image, 1, height);
      int(image, 2, width);
      int(image, 3, RGB);
      bytes(image, 4, png);
    });
  };
  return summaryRecord(time, step, [write]);
}

function summaryRecord(time: number, step: number, values: readonly ((value: Writer) => void)[]): Uint8Array {
  return record(time, step, (event) =>
    message(event, 5, (summary) => {
      for (const write of values) message(summary, 1, write);
    }),
  );
}

/** An Event (tensorboard/compat/proto/event.proto) as a TFRecord: its length and the checksum of the length, the event and its checksum. */
function record(time: number, step: number | undefined, write: (event: Writer) => void): Uint8Array {
  const event = encode((event) => {
    double(event, 1, time);
    if (step !== undefined) int(event, 2, step);
    write(event);
  });
  const framed = new Uint8Array(12 + event.length + 4);
  const view = new DataView(framed.buffer);
  view.setBigUint64(0, BigInt(event.length), true);
  view.setUint32(8, maskedCrc(framed.subarray(0, 8)), true);
  framed.set(event, 12);
  view.setUint32(12 + event.length, maskedCrc(event), true);
  return framed;
}

/** TFRecord's checksum, CRC-32C turned by 15 bits and shifted. */
function maskedCrc(values: Uint8Array): number {
  const crc = crc32c(values);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
