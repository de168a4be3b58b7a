import fc from 'fast-check';
import { Allocator } from '../../../src/backends/simd/allocator.js';

const START = 4096;

/** An allocator over a memory of at most `most` bytes, which tells how far it has grown. */
function create(most = Infinity) {
  const memory = { bytes: 0 };
  const allocator = new Allocator(START, (bytes) => {
    if (bytes > most) return false;
    memory.bytes = Math.max(memory.bytes, bytes);
    return true;
  });
  return { allocator, memory };
}

test('blocks start at multiples of 64 from the start on, an empty one too', () => {
  const { allocator } = create();
  expect([0, 1, 64, 65, 4].map((bytes) => allocator.allocate(bytes))).toEqual([
    START,
    START + 64,
    START + 128,
    START + 192,
    START + 320,
  ]);
  expect(allocator.usedBytes).toBe(384);
});

test('a released block is used again', () => {
  const { allocator, memory } = create();
  const [first] = [allocator.allocate(1000)!, allocator.allocate(1000)];
  allocator.release(first);
  expect(allocator.allocate(900)).toBe(first);
  expect(memory.bytes).toBe(START + 2 * 1024);
});

test.each([
  ['left before right', [0, 1, 2]],
  ['right before left', [2, 1, 0]],
  ['the middle last', [0, 2, 1]],
])('released neighbours are one block: %s', (_name, order) => {
  const { allocator, memory } = create();
  const blocks = [640, 640, 640].map((bytes) => allocator.allocate(bytes)!);
  allocator.allocate(64); // Keeps the three from the end.
  for (const i of order) allocator.release(blocks[i]!);
  expect(allocator.allocate(3 * 640)).toBe(START);
  expect(memory.bytes).toBe(START + 3 * 640 + 64);
});

test('a free block at the end grows rather than stays behind', () => {
  const { allocator, memory } = create();
  allocator.release(allocator.allocate(640)!);
  expect(allocator.allocate(6400)).toBe(START);
  expect(memory.bytes).toBe(START + 6400);
});

test('a rest of a block is used too', () => {
  const { allocator, memory } = create();
  const block = allocator.allocate(6400)!;
  allocator.allocate(64);
  allocator.release(block);
  const parts = [3200, 3200].map((bytes) => allocator.allocate(bytes));
  expect(parts).toEqual([block, block + 3200]);
  expect(memory.bytes).toBe(START + 6464);
});

test('without memory there is no block, and what was there stays usable', () => {
  const { allocator } = create(START + 1024);
  const block = allocator.allocate(512)!;
  expect(allocator.allocate(1024)).toBeUndefined();
  expect(allocator.usedBytes).toBe(512);
  expect(allocator.allocate(512)).toBe(START + 512);
  allocator.release(block);
  expect(allocator.allocate(512)).toBe(block);
});

test('what was not allocated cannot be released, nor anything twice', () => {
  const { allocator } = create();
  const block = allocator.allocate(100)!;
  expect(() => allocator.release(block + 64)).toThrow(
    `simd: address ${block + 64} is released, but was not allocated.`,
  );
  allocator.release(block);
  expect(() => allocator.release(block)).toThrow('was not allocated');
});

test('blocks up to 4 GiB', () => {
  const { allocator, memory } = create(2 ** 32);
  const blocks = [2 ** 31, 2 ** 30].map((bytes) => allocator.allocate(bytes)!);
  expect(blocks).toEqual([START, START + 2 ** 31]);
  expect(allocator.allocate(2 ** 30)).toBeUndefined();
  blocks.forEach((block) => allocator.release(block));
  expect(allocator.allocate(2 ** 32 - START)).toBe(START);
  expect(memory.bytes).toBe(2 ** 32);
});

/** Bytes to allocate, or which of the blocks in use to release. */
const steps = fc.array(
  fc.oneof(
    fc.record({ bytes: fc.oneof(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 0, max: 1e6 })) }),
    fc.record({ release: fc.nat() }),
  ),
  // As long as that, too: by default they are short.
  { maxLength: 200, size: 'max' },
);

test('blocks in use never overlap, lie inside the memory, and are counted', () => {
  fc.assert(
    fc.property(steps, (steps) => {
      const { allocator, memory } = create(START + 8e6);
      const used: { address: number; bytes: number }[] = [];
      for (const step of steps) {
        if ('bytes' in step) {
          const address = allocator.allocate(step.bytes);
          if (address !== undefined) used.push({ address, bytes: Math.max(step.bytes, 1) });
        } else if (used.length > 0) {
          const [block] = used.splice(step.release % used.length, 1);
          allocator.release(block!.address);
        }
        const sorted = used.toSorted((a, b) => a.address - b.address);
        const wrong = sorted.filter(({ address, bytes }, i) => {
          const end = sorted[i + 1]?.address ?? memory.bytes;
          return address % 64 !== 0 || address < START || address + bytes > end;
        });
        expect(wrong).toEqual([]);
        const rounded = used.map(({ bytes }) => Math.ceil(bytes / 64) * 64);
        expect(allocator.usedBytes).toBe(rounded.reduce((a, b) => a + b, 0));
      }
      // All released, the whole is one block again.
      for (const { address } of used) allocator.release(address);
      expect(allocator.usedBytes).toBe(0);
      if (memory.bytes > START) expect(allocator.allocate(memory.bytes - START)).toBe(START);
    }),
    { seed: 1, numRuns: 60 },
  );
});

test('a pattern of allocations that repeats grows the memory its first few times at most', () => {
  fc.assert(
    fc.property(steps, (steps) => {
      const { allocator, memory } = create();
      const run = () => {
        const used: number[] = [];
        for (const step of steps) {
          if ('bytes' in step) used.push(allocator.allocate(step.bytes)!);
          else if (used.length > 0) allocator.release(used.splice(step.release % used.length, 1)[0]!);
        }
        used.forEach((address) => allocator.release(address));
      };
      // What is free lies otherwise the first time; of 1,000 patterns none grew after the third.
      for (let i = 0; i < 5; i++) run();
      const { bytes } = memory;
      for (let i = 0; i < 20; i++) run();
      expect(memory.bytes).toBe(bytes);
    }),
    { seed: 1, numRuns: 100 },
  );
});
