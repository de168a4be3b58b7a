import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { unzipSync, zipSync } from 'fflate';
import { CheckpointError } from '../../../src/weights/formats/checkpoint.js';
import { decodePyTorch } from '../../../src/weights/formats/pytorch.js';
import { readGolden } from '../../helpers/golden.js';
import { describeWithShared, sharedFile } from '../../helpers/shared.js';
import { expectGolden, expectHarmless, goldenFile, goldenNames } from './golden-checkpoints.js';

test.each(goldenNames('.pth'))('%s is read as PyTorch reads it', (name) => {
  expectGolden(decodePyTorch(goldenFile(name)), name);
});

test.each(goldenNames('.pth').filter((name) => name.startsWith('objects')))(
  '%s: what is not weights is named, whatever the protocol, and none of it is built',
  (name) => {
    const { key, skipped } = decodePyTorch(goldenFile(name));
    expect(key).toBe('state_dict');
    const inText = skipped!.join('\n');
    for (const words of [
      /^args \(argparse\.Namespace, (pathlib\.PurePosixPath|pathlib\._local\.PurePosixPath)\)$/m,
      /^array \(numpy\._core\.multiarray\._reconstruct\)$/m,
      /^color \(__main__\.Color\)$/m,
      /^config \(omegaconf\.dictconfig\.DictConfig, .*\)$/m,
      /^criterion \(torch\.nn\.modules\.loss\.CrossEntropyLoss, 1 tensor\)$/m,
      /^function \(torch\.nn\.functional\.relu\)$/m,
      /^optimizer \(\d+ tensors\)$/m,
      /^own_options \(__main__\.Options\)$/m,
      /^queue \(collections\.deque\)$/m,
      /^rng_state \(1 tensor\)$/m,
      /^settings \(__main__\.Settings\)$/m,
      /^simple \(types\.SimpleNamespace\)$/m,
      /^spectrum \(torch\.ComplexFloatStorage\)$/m,
      /^when \(datetime\.datetime.*\)$/m,
    ])
      expect(inText).toMatch(words);
    expect(inText).not.toMatch(/^(counts|default|ordered|numbers|scaler|state_dict|size) /m);
  },
);

test.each([
  ['ambiguous-ema.zip.pth', 'ema', 'state_dict_ema'],
  ['ambiguous-ema.zip.pth', 'state_dict', 'state_dict'],
  ['ambiguous-small.zip.pth', 'model', 'model'],
  ['ambiguous-small.zip.pth', 'ema', 'model_ema'],
])('of the weights in %s, %s is taken where it is asked for', (name, wanted, key) => {
  const checkpoint = decodePyTorch(goldenFile(name), wanted);
  const other = decodePyTorch(goldenFile(name), wanted === 'ema' ? key.replace(/_?ema_?/, '') : 'ema');
  expect(checkpoint.key).toBe(key);
  const { size } = other.tensors;
  expect(checkpoint.skipped).toEqual([`${other.key} (${size} tensor${size === 1 ? '' : 's'})`]);
  const first = (read: typeof other) => [...read.tensors.values()][0]!.toFloat32()[0];
  expect(first(checkpoint)).not.toBe(first(other));
});

test('a changed byte of a tensor is found, by the CRC-32 of its part', () => {
  const bytes = Uint8Array.from(goldenFile('plain.zip.pth'));
  const [tensor] = [...decodePyTorch(bytes).tensors.values()];
  tensor!.bytes[0]! ^= 0x40;
  expect(() => decodePyTorch(bytes)).toThrow(CheckpointError);
  expect(() => decodePyTorch(bytes)).toThrow('does not have the CRC-32 that it should');
});

test.each(['plain.zip.pth', 'plain.legacy.pth'])('tensors of %s are views on the file', (name) => {
  const bytes = goldenFile(name);
  for (const tensor of decodePyTorch(bytes).tensors.values()) expect(tensor.bytes.buffer).toBe(bytes.buffer);
});

test.each<[string, RegExp]>([
  ['refused-system.zip.pth', /refers to posix\.system/],
  ['refused-system.legacy.pth', /refers to posix\.system/],
  ['refused-eval.zip.pth', /refers to (builtins|__builtin__)\.eval/],
  ['refused-eval.legacy.pth', /refers to (builtins|__builtin__)\.eval/],
  ['refused-complex.zip.pth', /without tensors \(its keys: w\), and objects of torch\.ComplexFloatStorage/],
  [
    'ambiguous-ema.zip.pth',
    /several weights: 'state_dict' \(8 tensors\), 'state_dict_ema' \(8 tensors\)\. Say which/,
  ],
  [
    'ambiguous-small.zip.pth',
    /several weights: 'model' \(1 tensor\), 'model_ema' .* --checkpoint-key model\.$/,
  ],
  ['refused-list.zip.pth', /no dictionary of tensors/],
  ['refused-empty.zip.pth', /dictionary without tensors \(its keys: epoch\)/],
  ['refused-plain-pickle.pth', /not one that torch\.save wrote/],
  ['refused-tar.pth', /tar archive/],
])('%s', (name, message) => {
  expect(() => decodePyTorch(goldenFile(name))).toThrow(CheckpointError);
  expect(() => decodePyTorch(goldenFile(name))).toThrow(message);
});

const real = readGolden<Record<string, [count: number, sha256: string]>>('checkpoints/cifar10.json');

describeWithShared('data/cifar10', 'real weights, trained on GPUs by others', () => {
  test.each(Object.entries(real))(
    '%s has the numbers that PyTorch reads from it',
    (name, [count, sha256]) => {
      const { tensors } = decodePyTorch(readFileSync(sharedFile('data/cifar10', name)));
      const hash = createHash('sha256');
      let numbers = 0;
      for (const key of [...tensors.keys()].sort()) {
        hash.update(tensors.get(key)!.toFloat32());
        numbers += tensors.get(key)!.size;
      }
      expect([numbers, hash.digest('hex')]).toEqual([count, sha256]);
    },
  );
});

/** The bytes of a pickle's instructions, each character one byte. */
const latin1 = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));
const text = (value: string) => `\x8c${String.fromCharCode(value.length)}${value}`;
const integer = (value: number) => `J${Buffer.from(Int32Array.of(value).buffer).toString('latin1')}`;
const tuple = (...items: string[]) => `(${items.join('')}t`;
const tuple4 = (values: number[]) => tuple(...values.map(integer));
const storage = (key: string, count: string, kind = 'FloatStorage') =>
  `${tuple(text('storage'), `ctorch\n${kind}\n`, key, text('cpu'), count)}Q`;
const tensor = (view: string, offset: number, shape: number[], strides: number[]) =>
  `ctorch._utils\n_rebuild_tensor\n${tuple(view, integer(offset), tuple4(shape), tuple4(strides))}R`;

/** A legacy file of an object's instructions, the keys of its storages, and float32 data of four elements. */
function legacy(object: string, keys = `]${text('s')}a`, count = 4): Uint8Array {
  const magic = '\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.';
  const data = Buffer.concat([Buffer.from(BigInt64Array.of(BigInt(count)).buffer), Buffer.alloc(16)]);
  return latin1(`${magic}M\xe9\x03.}.${object}.${keys}.${data.toString('latin1')}`);
}

const weights = (view: string, offset: number, shape: number[], strides: number[]) =>
  legacy(`}${text('w')}${tensor(view, offset, shape, strides)}s`);
const four = storage(text('s'), integer(4));

test('the hand-made legacy file is a good one, so that what follows differs from it in one thing', () => {
  expect(
    decodePyTorch(weights(four, 1, [3], [1]))
      .tensors.get('w')!
      .toFloat32(),
  ).toEqual(new Float32Array(3));
});

/** A dictionary's instructions. */
const entries = (items: [key: string, value: string][]) =>
  `}${items.map(([key, value]) => `${text(key)}${value}s`).join('')}`;
const object = (type: string, state = 'N') => `c${type.replace(/\.(?=\w+$)/, '\n')}\n)\x81${state}b`;

test('weights nested at random in dictionaries, lists and objects of a training are found, and said where', () => {
  const others = fc.constantFrom<[string, string]>(
    ['epoch', integer(3)],
    ['args', object('argparse.Namespace', entries([['lr', integer(1)]]))],
    ['optimizer', entries([['state', entries([['m.0', tensor(four, 0, [2, 2], [2, 1])]])]])],
    ['rng_state', tensor(four, 0, [4], [1])],
    ['callbacks', `]${entries([['a/b.ckpt', tensor(four, 0, [1], [1])]])}a`],
  );
  const wrapper = fc.record({
    key: fc.constantFrom('state_dict', 'model', 'net', 'ema', 'weights', 'my.own', 'params'),
    others: fc.uniqueArray(others, { selector: ([key]) => key }),
    kind: fc.constantFrom('dictionary', 'object', 'list'),
  });
  const state = entries([
    ['conv.weight', tensor(four, 0, [2, 2], [1, 2])],
    ['bn.bias', tensor(four, 1, [2], [1])],
  ]);
  fc.assert(
    fc.property(fc.array(wrapper, { maxLength: 4 }), (wrappers) => {
      const nested = wrappers.reduce((inner, { key, others, kind }) => {
        const all = entries([...others, [key, kind === 'list' ? `]${inner}a` : inner]]);
        return kind === 'object' ? object('mine.Checkpoint', all) : all;
      }, state);
      const { tensors, key, skipped } = decodePyTorch(legacy(nested));
      expect([...tensors.keys()]).toEqual(['conv.weight', 'bn.bias']);
      expect(tensors.get('conv.weight')!.shape).toEqual([2, 2]);
      const path = wrappers.flatMap(({ key, kind }) => (kind === 'list' ? ['0', key] : [key])).reverse();
      expect(key).toBe(path.join('.'));
      const named = (name: string) =>
        wrappers.filter(({ others }) => others.some(([key]) => key === name)).length;
      for (const name of ['args', 'optimizer', 'rng_state'])
        expect(skipped!.filter((words) => new RegExp(`(^|\\.)${name} \\(`).test(words))).toHaveLength(
          named(name),
        );
    }),
    { numRuns: 300 },
  );
});

test('a whole model in the older form, whose classes come with their sources', () => {
  const module = `${tuple(text('module'), 'cmine\nNet\n', text('net.py'), text('class Net: …'))}Q`;
  const parts = entries([
    ['_parameters', entries([['weight', tensor(four, 0, [2, 2], [2, 1])]])],
    [
      '_buffers',
      entries([
        ['mask', tensor(four, 0, [1], [1])],
        ['mean', tensor(four, 1, [1], [1])],
      ]),
    ],
    ['_non_persistent_buffers_set', `]${text('mask')}a`],
    ['_modules', '}'],
  ]);
  const { tensors } = decodePyTorch(legacy(`${module})\x81${parts}b`));
  expect([...tensors.keys()]).toEqual(['weight', 'mean']);
});

test.each([
  ['REDUCE', 'cposix\nsystem\n(X\x04\0\0\0echotR'],
  ['NEWOBJ', 'cposix\nsystem\n)\x81'],
  ['INST', '(X\x04\0\0\0echoiposix\nsystem\n'],
  ['OBJ', '(cposix\nsystem\nX\x04\0\0\0echoo'],
  ['STACK_GLOBAL', `${text('subprocess')}${text('Popen')}\x93`],
  ['a name that is not called', 'cbuiltins\nexec\n'],
])('a name that would run a program is refused, by %s', (_, call) => {
  expect(() => decodePyTorch(legacy(call, ']'))).toThrow(/would run a program in Python\. It is an attack/);
});

test.each<[string, Uint8Array, RegExp]>([
  [
    'a tensor beyond its storage',
    weights(four, 0, [5], [1]),
    /tensor \[5\] .* storage of 4 elements is too small/,
  ],
  ['an offset beyond its storage', weights(four, 4, [1], [1]), /too small/],
  ['strides beyond its storage', weights(four, 0, [2, 2], [3, 1]), /too small/],
  ['a negative stride', weights(four, 3, [2], [-1]), /describes a tensor wrongly/],
  ['a negative size', weights(four, 0, [-1], [1]), /describes a tensor wrongly/],
  ['a negative offset', weights(four, -1, [1], [1]), /describes a tensor wrongly/],
  ['more strides than sizes', weights(four, 0, [1], [1, 1]), /describes a tensor wrongly/],
  [
    'a rank of 65',
    weights(four, 0, new Array(65).fill(1), new Array(65).fill(1)),
    /describes a tensor wrongly/,
  ],
  ['a size beyond 2^53', weights(four, 0, [2 ** 30, 2 ** 30], [0, 0]), /describes a tensor wrongly/],
  [
    'an expansion that would fill the memory',
    weights(four, 0, [2 ** 30], [0]),
    /expands 4 elements to a tensor/,
  ],
  ['a tensor of no storage', weights('N', 0, [1], [1]), /describes a tensor wrongly/],
  ['an identifier of no storage', weights(`${tuple(text('module'))}Q`, 0, [1], [1]), /not a storage/],
  [
    'an unknown storage',
    weights(storage(text('s'), integer(4), 'QInt8Storage'), 0, [1], [1]),
    /objects of torch\.QInt8Storage/,
  ],
  ['a key that is not text', weights(storage(integer(1), integer(4)), 0, [1], [1]), /not a storage/],
  ['a negative count', weights(storage(text('s'), integer(-1)), 0, [1], [1]), /not a storage/],
  [
    'two types of one storage',
    legacy(`]${four}a${storage(text('s'), integer(2), 'DoubleStorage')}a`),
    /'s' is 4 of FloatStorage and also 2 of DoubleStorage/,
  ],
  [
    'a view beyond its storage',
    weights(
      `${tuple(text('storage'), 'ctorch\nFloatStorage\n', text('s'), text('cpu'), integer(4), tuple(text('v'), integer(2), integer(3)))}Q`,
      0,
      [1],
      [1],
    ),
    /view beyond its end/,
  ],
  [
    'data of no storage',
    legacy(`}${text('w')}${tensor(four, 0, [1], [1])}s`, `]${text('x')}a`),
    /nothing refers to/,
  ],
  [
    'no data of a storage',
    legacy(`}${text('w')}${tensor(four, 0, [1], [1])}s`, ']'),
    /data of 'w' is missing/,
  ],
  ['no list of storages', legacy('}', 'N'), /no list of its storages/],
  [
    'another count than the pickle says',
    legacy(`}${text('w')}${tensor(four, 0, [1], [1])}s`, undefined, 3),
    /has 3 elements, not 4/,
  ],
  ['a storage beyond the file', weights(storage(text('s'), integer(5)), 0, [1], [1]), /cut short/],
  ['a storage class that is called', legacy('ctorch\nFloatStorage\n)R', ']'), /without tensors/],
  [
    'a dictionary of no pairs',
    legacy(`ccollections\nOrderedDict\n${tuple(`]${integer(1)}a`)}R`),
    /not pairs/,
  ],
  [
    'a state_dict inside itself',
    legacy(`}q\x00${text('state_dict')}h\x00s`, ']'),
    /without tensors \(its keys: state_dict\)/,
  ],
  [
    'a key that doubles with each instruction',
    legacy(storage(`${text('s')}q\x00${'h\x00h\x00\x86q\x00'.repeat(60)}`, integer(4))),
    /not a storage/,
  ],
  [
    'a list that makes many dictionaries',
    legacy(
      `](${'K\x01K\x02\x86'.repeat(1e5)}eq\x000](${'ccollections\nOrderedDict\nh\x00\x85R'.repeat(1e5)}e`,
      ']',
    ),
    /no dictionary of tensors/,
  ],
])('refuses %s', (_, bytes, message) => {
  expect(() => decodePyTorch(bytes)).toThrow(CheckpointError);
  expect(() => decodePyTorch(bytes)).toThrow(message);
});

test.each<[string, (parts: Record<string, Uint8Array>) => void, RegExp]>([
  ['a zip archive without a pickle', (parts) => delete parts['plain.zip/data.pkl'], /no data\.pkl/],
  [
    'a storage that is not there',
    (parts) => delete parts['plain.zip/data/0'],
    /lacks its part 'plain.zip\/data\/0'/,
  ],
  [
    'a storage cut short',
    (parts) => (parts['plain.zip/data/0'] = new Uint8Array(4)),
    /data of 'conv1.weight' is missing or cut/,
  ],
  ['big-endian data', (parts) => (parts['plain.zip/byteorder'] = latin1('big')), /big-endian machine/],
])('refuses %s', (_, change, message) => {
  const parts = unzipSync(goldenFile('plain.zip.pth'));
  change(parts);
  expect(() => decodePyTorch(zipSync(parts, { level: 0 }))).toThrow(message);
});

test('every file of this folder cut at any byte, and with any bytes changed, gives tensors or a clear error', () => {
  const files = goldenNames('.pth').map(goldenFile);
  const change = fc.record({ at: fc.nat(), to: fc.integer({ min: 0, max: 255 }) });
  fc.assert(
    fc.property(
      fc.constantFrom(...files),
      fc.array(change, { maxLength: 4 }),
      fc.nat(),
      (original, changes, cut) => {
        const bytes = original.slice(0, cut % 2 ? original.length : cut % (original.length + 1));
        for (const { at, to } of changes) if (bytes.length > 0) bytes[at % bytes.length] = to;
        expectHarmless(() => decodePyTorch(bytes));
      },
    ),
    { numRuns: 5000 },
  );
});
