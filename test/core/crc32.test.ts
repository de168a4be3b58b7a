import { zipSync } from 'fflate';
import { crcBy } from '../../src/core/crc.js';
import { crc32 } from '../../src/core/crc32.js';

// Node's own where it has one, and the one that browsers take.
describe.each([
  ['crc32', crc32],
  ['by table', crcBy(0xedb88320)],
])('%s', (_, crc) => {
  test('has the check of the CRC catalogue', () => {
    expect(crc(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
    expect(crc(new Uint8Array(0))).toBe(0);
  });

  test('gives what fflate writes into archives, at any place in memory', () => {
    const bytes = Uint8Array.from({ length: 1003 }, (_, i) => i * 7);
    for (let place = 0; place < 5; place++) {
      const zip = zipSync({ a: bytes.subarray(place) }, { level: 0 });
      expect(crc(bytes.subarray(place))).toBe(new DataView(zip.buffer).getUint32(14, true));
    }
  });
});
