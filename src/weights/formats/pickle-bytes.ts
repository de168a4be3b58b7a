import { CheckpointError } from './checkpoint.js';

const utf8 = new TextDecoder();

/** The bytes of a pickle, read one after the other: instructions, and the numbers and texts behind them. */
export class PickleBytes {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #position: number;

  /** @param start - Place of the first byte to read. */
  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = bytes;
    this.#position = start;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Place of the byte that is read next. */
  get position(): number {
    return this.#position;
  }

  fail(what: string): never {
    throw new CheckpointError(`This pickle cannot be read at byte ${this.#position}: ${what}.`);
  }

  skip(count: number): void {
    this.#take(count);
  }

  /** Moves on by `count` bytes and gives the place of the first of them. */
  #take(count: number): number {
    const start = this.#position;
    if (count < 0 || start + count > this.#bytes.length) this.fail('it ends too early');
    this.#position = start + count;
    return start;
  }

  byte(): number {
    return this.#bytes[this.#take(1)]!;
  }

  uint16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  int32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  float64(): number {
    return this.#view.getFloat64(this.#take(8), false);
  }

  /** A length of four bytes. */
  length4(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  /** A length of eight bytes. */
  length8(): number {
    return Number(this.#view.getBigUint64(this.#take(8), true));
  }

  data(length: number): Uint8Array {
    const start = this.#take(length);
    return this.#bytes.subarray(start, start + length);
  }

  text(length: number): string {
    return utf8.decode(this.data(length));
  }

  line(): string {
    return utf8.decode(this.lineBytes());
  }

  /** Up to the end of the line, which is passed over. */
  lineBytes(): Uint8Array {
    const end = this.#bytes.indexOf(0x0a, this.#position);
    if (end < 0) this.fail('it ends too early');
    const line = this.data(end - this.#position);
    this.#take(1);
    return line;
  }

  /** A line with an integer, or with a boolean as protocol 0 has it. */
  decimal(): number | bigint | boolean {
    const text = this.line();
    if (text === '00' || text === '01') return text === '01';
    return /^-?\d{1,150}L?$/.test(text)
      ? integer(BigInt(text.replace('L', '')))
      : this.fail(`'${text.slice(0, 40)}' is not an integer`);
  }

  /** A line with a number. */
  float(): number {
    const text = this.line();
    const value = Number(text.replace('inf', 'Infinity'));
    return text.trim() === '' || (Number.isNaN(value) && text !== 'nan')
      ? this.fail(`'${text.slice(0, 40)}' is not a number`)
      : value;
  }

  /** A line with a place to store at. */
  index(): number {
    const text = this.line();
    return /^\d{1,15}$/.test(text)
      ? Number(text)
      : this.fail(`'${text.slice(0, 40)}' is not a place to store at`);
  }

  /** A little-endian integer in two's complement. */
  long(length: number): number | bigint {
    if (length > 64) this.fail(`it has an integer of ${length} bytes`);
    const data = this.data(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(data[i]!);
    return integer(BigInt.asIntN(8 * length, value));
  }
}

function integer(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
