import fc from 'fast-check';
import { load } from '../../../src/weights/load.js';
import { decode } from '../../../src/weights/formats/decode.js';
import { readSource } from '../../../src/weights/sources/read-source.js';
import { encodeSafetensors } from '../../../src/weights/formats/safetensors.js';
import { expectGolden, expectHarmless, goldenFile, goldenNames } from './golden-checkpoints.js';

test.each(goldenNames(''))('%s is recognised by its content', async (name) => {
  expectGolden(await decode(goldenFile(name)), name);
});

test.each(['', '<!DOCTYPE html>'])('refuses %j and says what is read', async (text) => {
  const bytes = new Uint8Array(Buffer.from(text, 'latin1'));
  await expect(decode(bytes)).rejects.toThrow(
    /not a known file of weights. Safetensors files are read, PyTorch's .* and Keras's/,
  );
});

test('a pointer of Git LFS is recognised as one', async () => {
  const bytes = new TextEncoder().encode(
    'version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 123\n',
  );
  await expect(decode(bytes)).rejects.toThrow(
    'This is a pointer of Git LFS, and not the file itself. Get that by git lfs pull in the repository, or download it.',
  );
});

test('any bytes give a clear error', async () => {
  const starts = ['', 'PK\x03\x04', '\x80\x02', '\x80\x02\x8a\x0a', '\x10\0\0\0\0\0\0\0{"'];
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 100 }), async (start, rest) => {
      const bytes = new Uint8Array(Buffer.concat([Buffer.from(start, 'latin1'), rest]));
      const checkpoint = await decode(bytes).catch((error: unknown) => error as Error);
      expectHarmless(() => {
        if (checkpoint instanceof Error) throw checkpoint;
        return checkpoint;
      });
    }),
    { numRuns: 2000 },
  );
});

test("a training's checkpoint is recognised as one, by load and load", async () => {
  const tensors = new Map([['model/stem.weight', { shape: [1], values: Float32Array.of(1) }]]);
  const bytes = encodeSafetensors(tensors, { metadata: { training: '{"step": 12}' } });
  for (const attempt of [() => load(bytes), () => readSource(bytes)]) {
    await expect(attempt()).rejects.toThrow(
      'This is a checkpoint of a training, to go on from by train with checkpoints: { resume: true }',
    );
    await expect(attempt()).rejects.toThrow('Give best.safetensors or model.safetensors of the same folder');
  }
});
