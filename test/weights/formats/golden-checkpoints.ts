import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CheckpointError, type Checkpoint } from '../../../src/weights/formats/checkpoint.js';
import { readGolden } from '../../helpers/golden.js';

type Expected = Record<string, Record<string, [dtype: string, shape: number[], values: (number | string)[]]>>;

const expected = readGolden<Expected>('checkpoints/expected.json');

/** The bytes of a file that test/golden/checkpoints.py wrote. */
export function goldenFile(name: string): Uint8Array {
  return new Uint8Array(readFileSync(join(__dirname, '..', '..', 'golden', 'checkpoints', name)));
}

/** Names of the files that can be read and end so. */
export function goldenNames(ending: string): string[] {
  return Object.keys(expected).filter((name) => name.endsWith(ending));
}

/** Checks keys, types, shapes and every value against what PyTorch read from the same file. */
export function expectGolden(checkpoint: Checkpoint, name: string): void {
  const wanted = expected[name]!;
  expect([...checkpoint.tensors.keys()].sort()).toEqual(Object.keys(wanted).sort());
  for (const [key, [dtype, shape, values]] of Object.entries(wanted)) {
    const tensor = checkpoint.tensors.get(key)!;
    expect([key, tensor.dtype, tensor.shape]).toEqual([key, dtype, shape]);
    // Python's words are inf, -inf and nan.
    const numbers = values.map((v) => (typeof v === 'string' ? Number(v.replace('inf', 'Infinity')) : v));
    expect(tensor.toFloat32()).toEqual(Float32Array.from(numbers));
  }
}

/**
 * Runs `read`, which must return or throw a CheckpointError with a message, and must not change any prototype; and asks for
 * the values of every tensor, as they are and with the axes reversed.
 */
export function expectHarmless(read: () => Checkpoint): void {
  try {
    for (const tensor of read().tensors.values()) {
      expect(tensor.isFinite()).toBe(tensor.toFloat32().every(Number.isFinite));
      tensor.transpose([...tensor.shape.keys()].reverse()).toFloat32();
    }
  } catch (error) {
    if (!(error instanceof CheckpointError) || error.message === '') throw error;
  }
  const kinds = [Object, Array, Map, Function];
  for (const { prototype } of kinds) expect(Object.keys(prototype as object)).toEqual([]);
}

/** {@link expectHarmless} for files of test/golden/checkpoints.py that end so, cut at any byte and with any bytes changed. */
export function expectDamagedHarmless(
  ending: string,
  read: (bytes: Uint8Array) => Checkpoint,
  numRuns: number,
): void {
  const files = goldenNames(ending).map(goldenFile);
  const change = fc.record({ at: fc.nat(), to: fc.integer({ min: 0, max: 255 }) });
  fc.assert(
    fc.property(
      fc.constantFrom(...files),
      fc.array(change, { maxLength: 4 }),
      fc.nat(),
      (original, changes, cut) => {
        const bytes = original.slice(0, cut % 2 ? original.length : cut % (original.length + 1));
        for (const { at, to } of changes) if (bytes.length > 0) bytes[at % bytes.length] = to;
        expectHarmless(() => read(bytes));
      },
    ),
    { numRuns },
  );
}
