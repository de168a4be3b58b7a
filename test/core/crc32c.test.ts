import { crc32c } from '../../src/core/crc32c.js';

// The values of RFC 3720, section B.4, and of the CRC catalogue's check.
const ascending = Uint8Array.from({ length: 32 }, (_, i) => i);
test.each([
  ['the digits', new TextEncoder().encode('123456789'), 0xe3069283],
  ['nothing', new Uint8Array(0), 0],
  ['zeros', new Uint8Array(32), 0x8a9136aa],
  ['ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
  ['a rising row', ascending, 0x46dd794e],
  ['a falling row', ascending.toReversed(), 0x113fdb5c],
])('the CRC-32C of %s', (_, bytes, crc) => {
  expect(crc32c(bytes)).toBe(crc);
});

test('it is the same at any place in memory, and in parts', () => {
  const bytes = Uint8Array.from({ length: 101 }, (_, i) => i * 7);
  const whole = crc32c(bytes);
  for (let place = 0; place < 5; place++) {
    const moved = new Uint8Array(place + bytes.length);
    moved.set(bytes, place);
    expect(crc32c(moved.subarray(place))).toBe(whole);
    expect(crc32c(bytes.subarray(place), crc32c(bytes.subarray(0, place)))).toBe(whole);
  }
});
