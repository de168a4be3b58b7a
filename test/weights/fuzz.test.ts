import fc from 'fast-check';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Checkpoint } from '../../src/weights/checkpoint.js';
import { readCheckpoint } from '../../src/weights/read-checkpoint.js';
import { expectHarmless } from './golden-checkpoints.js';

const golden = join(__dirname, '..', 'golden');

/** Cases of each kind of file; the environment may ask for more. */
const factor = Number(process.env.SKIPSCALE_FUZZ ?? 1);

const kinds = [
  { folder: 'checkpoints', ending: '.safetensors', runs: 3000 },
  { folder: 'checkpoints', ending: '.legacy.pth', runs: 3000 },
  { folder: 'checkpoints', ending: '.zip.pth', runs: 3000 },
  { folder: 'keras_files', ending: '.h5', runs: 1000 },
  { folder: 'keras_files', ending: '.keras', runs: 200 },
];

/** A change to a file of any length: places are fractions of it. */
const change = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('set' as const), at: fc.double(unit()), byte: fc.nat(255) }),
  },
  fc.record({ kind: fc.constant('cut' as const), at: fc.double(unit()) }),
  fc.record({
    kind: fc.constant('fill' as const),
    at: fc.double(unit()),
    byte: fc.constantFrom(0, 0x7f, 0x80, 0xff),
    length: fc.integer({ min: 2, max: 16 }),
  }),
  fc.record({
    kind: fc.constant('move' as const),
    at: fc.double(unit()),
    to: fc.double(unit()),
    length: fc.integer({ min: 1, max: 64 }),
  }),
);

function unit() {
  return { min: 0, max: 1, noNaN: true, maxExcluded: true };
}

type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

function apply(bytes: Uint8Array, change: Change): Uint8Array {
  const at = Math.floor(change.at * bytes.length);
  switch (change.kind) {
    case 'set':
      if (bytes.length > 0) bytes[at] = change.byte;
      return bytes;
    case 'cut':
      return bytes.subarray(0, at);
    case 'fill':
      return bytes.fill(change.byte, at, at + change.length);
    case 'move':
      return bytes.copyWithin(Math.floor(change.to * bytes.length), at, at + change.length);
  }
}

test.each(kinds)('files of $ending, changed at random, are read or refused clearly', async (kind) => {
  const { folder, ending, runs } = kind;
  const files = readdirSync(join(golden, folder))
    .filter((name) => name.endsWith(ending))
    .map((name) => readFileSync(join(golden, folder, name)));
  expect(files.length).toBeGreaterThan(0);
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...files),
      fc.array(change, { minLength: 1, maxLength: 5 }),
      async (file, changes) => {
        const bytes = changes.reduce(apply, new Uint8Array(file));
        const result: Checkpoint | Error = await readCheckpoint(bytes).catch(
          (error: unknown) => error as Error,
        );
        expectHarmless(() => {
          if (result instanceof Error) throw result;
          return result;
        });
      },
    ),
    { numRuns: runs * factor },
  );
});
