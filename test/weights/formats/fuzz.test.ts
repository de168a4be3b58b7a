import fc from 'fast-check';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { apply, changes, changesOf } from '../../../scripts/fuzz/mutate.js';
import { buildResNet } from '../../../src/models/resnet.js';
import type { Checkpoint } from '../../../src/weights/formats/checkpoint.js';
import { load } from '../../../src/weights/load.js';
import { decode } from '../../../src/weights/formats/decode.js';
import { readSource } from '../../../src/weights/sources/read-source.js';
import { encode } from '../../../src/weights/encode.js';
import { expectHarmless } from './golden-checkpoints.js';

const golden = join(__dirname, '..', '..', 'golden');

/** Cases of each kind of file; the environment may ask for more. */
const factor = Number(process.env.SKIPSCALE_FUZZ ?? 1);

const kinds = [
  { folder: 'checkpoints', ending: '.safetensors', runs: 3000 },
  { folder: 'checkpoints', ending: '.legacy.pth', runs: 3000 },
  { folder: 'checkpoints', ending: '.zip.pth', runs: 3000 },
  { folder: 'keras_files', ending: '.h5', runs: 1000 },
  { folder: 'keras_files', ending: '.keras', runs: 200 },
];

test.each(kinds)('files of $ending, changed at random, are read or refused clearly', async (kind) => {
  const { folder, ending, runs } = kind;
  const files = readdirSync(join(golden, folder))
    .filter((name) => name.endsWith(ending))
    .map((name) => readFileSync(join(golden, folder, name)));
  expect(files.length).toBeGreaterThan(0);
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...files), changes, async (file, changes) => {
      const bytes = changes.reduce(apply, new Uint8Array(file));
      await expectClear(decode(bytes));
    }),
    { numRuns: runs * factor },
  );
});

async function expectClear(reading: Promise<Checkpoint>): Promise<void> {
  const result = await reading.catch((error: unknown) => error as Error);
  expectHarmless(() => {
    if (result instanceof Error) throw result;
    return result;
  });
}

test('a quantized layers-model, its manifest and data changed at random, is read or refused clearly', async () => {
  const stored = [{}, { quantization: { dtype: 'float16' } }].concat(
    ['uint8', 'uint16'].map((dtype) => ({ quantization: { dtype, scale: 0.25, min: -1.5 } })),
  );
  const weights = stored.map((rest, i) => ({
    name: `a${i}/kernel`,
    shape: [2, 3],
    dtype: 'float32',
    ...rest,
  }));
  const manifest = Buffer.from(JSON.stringify({ weightsManifest: [{ paths: ['weights.bin'], weights }] }));
  const data = Uint8Array.from({ length: 6 * (4 + 2 + 1 + 2) }, (_, i) => (i * 37) % 256);
  const folder = mkdtempSync(join(tmpdir(), 'skipscale-fuzz-'));
  const write = (name: string, bytes: Uint8Array) => writeFileSync(join(folder, name), bytes);
  try {
    write('weights.bin', data);
    await fc.assert(
      fc.asyncProperty(changes, changes, fc.boolean(), async (ofManifest, ofData, both) => {
        write('model.json', ofManifest.reduce(apply, new Uint8Array(manifest)));
        write('weights.bin', both ? ofData.reduce(apply, data.slice()) : data);
        // Another name of the data's file is one that is not there.
        const reading = readSource(join(folder, 'model.json')).catch((error: Error) => {
          if (/is not the name of a file beside|cannot be read/.test(error.message)) return nothing;
          throw error;
        });
        await expectClear(reading);
      }),
      { numRuns: 500 * factor },
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const nothing: Checkpoint = { tensors: new Map(), metadata: new Map() };

test('a model is filled by a changed file with finite values, or left as it was', async () => {
  const model = buildResNet(20);
  const file = await encode(model);
  const inHeader = new DataView(file.buffer).getUint32(0, true) / file.length;
  const data = () => model.variables().map(({ dataId }) => dataId);
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(changes, fc.boolean(), async (changes, header) => {
      const scale = header ? inHeader : 1;
      const bytes = changes
        .filter(({ kind }) => kind !== 'cut' || !header)
        .map((change) => ({ ...change, at: change.at * scale }))
        .reduce(apply, file.slice());
      const before = data();
      const error = await load(model, bytes).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (error === undefined) {
        for (const variable of model.variables())
          expect(variable.dataSync().every(Number.isFinite)).toBe(true);
      } else {
        refused++;
        expect((error as Error).message).toMatch(
          /^(This safetensors file is damaged|The weights )|type|known file/,
        );
        expect(data().every((id, i) => id === before[i])).toBe(true);
      }
    }),
    { numRuns: 200 * factor },
  );
  expect(refused).toBeGreaterThan(20);
  model.dispose();
});

test('HDF5 files that are refused are let go, also where h5wasm has them open still', async () => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const file = readFileSync(join(golden, 'keras_files', 'weights.weights.h5'));
  const buffers: WeakRef<ArrayBuffer>[] = [];
  let refused = 0;
  for (let place = 0; place < 300; place++) {
    const bytes = changesOf(0, place).reduce(apply, new Uint8Array(file));
    buffers.push(new WeakRef(bytes.buffer as ArrayBuffer));
    await decode(bytes).catch(() => refused++);
  }
  await new Promise((resolve) => setTimeout(resolve, 0));
  gc();
  expect(refused).toBeGreaterThan(20);
  expect(buffers.filter((buffer) => buffer.deref()).length).toBeLessThan(5);
});
