/** Changes of files at random, by seed. */
import fc from 'fast-check';

const fraction = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });

/** A change to a file of any length: places are fractions of it. */
export const change = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('set'), at: fraction, byte: fc.nat(255) }) },
  fc.record({ kind: fc.constant('cut'), at: fraction }),
  fc.record({
    kind: fc.constant('fill'),
    at: fraction,
    byte: fc.constantFrom(0, 0x7f, 0x80, 0xff),
    length: fc.integer({ min: 2, max: 16 }),
  }),
  fc.record({
    kind: fc.constant('move'),
    at: fraction,
    to: fraction,
    length: fc.integer({ min: 1, max: 64 }),
  }),
  fc.record({ kind: fc.constant('digit'), at: fraction, byte: fc.integer({ min: 0x30, max: 0x39 }) }),
);

export const changes = fc.array(change, { minLength: 1, maxLength: 5 });

/** The bytes with one change, in place where it can be. */
export function apply(bytes, { kind, at, to, byte, length }) {
  const place = Math.floor(at * bytes.length);
  if (bytes.length === 0) return bytes;
  switch (kind) {
    case 'set':
      bytes[place] = byte;
      return bytes;
    case 'cut':
      return bytes.subarray(0, place);
    case 'fill':
      return bytes.fill(byte, place, place + length);
    case 'move':
      return bytes.copyWithin(Math.floor(to * bytes.length), place, place + length);
    case 'digit': {
      // The next digit of a text, such as a count in a header of JSON.
      const digit = bytes.subarray(place).findIndex((value) => value >= 0x30 && value <= 0x39);
      if (digit >= 0) bytes[place + digit] = byte;
      return bytes;
    }
  }
}

/** The changes of one case, the same for the same seed and place. */
export function changesOf(seed, place) {
  return fc.sample(changes, { seed: seed * 1_000_003 + place, numRuns: 1 })[0];
}
