import fc from 'fast-check';
import { readCheckpoint } from '../../src/weights/read-checkpoint.js';
import { expectGolden, expectHarmless, goldenFile, goldenNames } from './golden-checkpoints.js';

test.each(goldenNames(''))('%s is recognised by its content', (name) => {
  expectGolden(readCheckpoint(goldenFile(name)), name);
});

test.each(['', '<!DOCTYPE html>', 'version https://git-lfs.github.com/spec/v1\n', '\x89HDF\r\n\x1a\n'])(
  'refuses %j and says what is read',
  (text) => {
    const bytes = new Uint8Array(Buffer.from(text, 'latin1'));
    expect(() => readCheckpoint(bytes)).toThrow(
      /not a known file of weights. Safetensors files are read, and PyTorch's/,
    );
  },
);

test('any bytes give a clear error', () => {
  const starts = ['', 'PK\x03\x04', '\x80\x02', '\x80\x02\x8a\x0a', '\x10\0\0\0\0\0\0\0{"'];
  fc.assert(
    fc.property(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 100 }), (start, rest) =>
      expectHarmless(() =>
        readCheckpoint(new Uint8Array(Buffer.concat([Buffer.from(start, 'latin1'), rest]))),
      ),
    ),
    { numRuns: 2000 },
  );
});
