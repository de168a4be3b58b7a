import { zipSync } from 'fflate';
import { CheckpointError } from '../../../src/weights/formats/checkpoint.js';
import { decode } from '../../../src/weights/formats/decode.js';
import { goldenFile } from './golden-checkpoints.js';

/** The bytes of a text, each character one byte. */
const latin1 = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));

function safetensors(header: string, length = BigInt(header.length)): Uint8Array {
  return new Uint8Array(Buffer.concat([Buffer.from(BigUint64Array.of(length).buffer), latin1(header)]));
}

/** A PyTorch file of a pickle's instructions. */
function torch(pickle: string): Uint8Array {
  return zipSync({ 'x/data.pkl': latin1(pickle) }, { level: 0 });
}

const entry = (shape: string, offsets = '[0,0]') =>
  `{"w":{"dtype":"F32","shape":${shape},"data_offsets":${offsets}}}`;
const zeros = new Uint8Array(20e6);
const integer = (value: number) => `J${Buffer.from(Int32Array.of(value).buffer).toString('latin1')}`;
const long = 'n'.repeat(60_000);
const text = (value: string) =>
  `X${Buffer.from(Uint32Array.of(value.length).buffer).toString('latin1')}${value}`;

/** A zip archive whose directory says that a part has this many bytes. */
function claimingZip(size: number): Uint8Array {
  const bytes = zipSync({ 'x/data.pkl': latin1('N.') }, { level: 0 });
  const view = new DataView(bytes.buffer);
  const start = view.getUint32(bytes.length - 22 + 16, true);
  view.setUint32(start + 20, size, true);
  view.setUint32(start + 24, size, true);
  return bytes;
}

const files: [string, () => Uint8Array, RegExp][] = [
  ['a header of 2^63 bytes', () => safetensors('{}', 2n ** 63n), /header claims/],
  [
    'a header of 90 MB in a file of ten bytes',
    () => safetensors('{}', 90_000_000n),
    /the file has 10 in all/,
  ],
  ['a shape of 2^62 elements', () => safetensors(entry('[2147483648,2147483648]')), /has the shape/],
  ['a shape of a terabyte', () => safetensors(entry('[274877906944]', '[0,1099511627776]')), /ends at byte/],
  ['ten thousand axes', () => safetensors(entry(`[${'1,'.repeat(1e4)}1]`)), /has 0 bytes where/],
  ['JSON in JSON', () => safetensors(`{"w":${'['.repeat(1e6)}`), /not JSON/],
  [
    'a deflated .pth that unpacks to a thousand times its size',
    () => zipSync({ 'x/data.pkl': zeros }),
    /is compressed/,
  ],
  ['a deflated .npz that does', () => zipSync({ 'arr_0.npy': zeros }), /no data\.pkl/],
  ['a deflated .keras that does', () => zipSync({ 'model.weights.h5': zeros }), /is compressed/],
  ['a part of 4 GB', () => claimingZip(0xfffffff0), /4294967280 bytes at byte/],
  ['text of 2^63 bytes', () => torch(`\x8d${'\xff'.repeat(7)}\x7f.`), /ends too early/],
  ['a byte array of 2^62 bytes', () => torch(`\x96${'\0'.repeat(7)}\x40.`), /ends too early/],
  ['an integer of 4 GB', () => torch('\x8b\xff\xff\xff\xff.'), /integer of 4294967295 bytes/],
  ['a list in a list, a million deep', () => torch(`]${'\x85'.repeat(1e6)}.`), /no dictionary of tensors/],
  ['an object whose state is itself', () => torch('cmine\nThing\n)R\x94h\0b.'), /without tensors/],
  [
    'one list of ten thousand objects under a hundred thousand keys',
    () => {
      const list = `](${'cmine\nThing\n)R'.repeat(1e4)}e\x940`;
      return torch(`${list}}(${Array.from({ length: 1e5 }, (_, i) => `${integer(i)}h\0`).join('')}u.`);
    },
    /without tensors .* objects of mine\.Thing/,
  ],
  [
    'long names of modules in modules',
    () => {
      const part = (inner: string) =>
        `cmine\nNet\n)R}(${text('_parameters')}}${text('_buffers')}}${text('_modules')}}${text(long)}${inner}sub`;
      return torch(`${Array.from({ length: 12 }).reduce<string>(part, 'N')}.`);
    },
    /without tensors|more than 1000 letters/,
  ],
  ['a row of EXT codes', () => torch('\x82\x01.'), /instruction 0x82/],
];

test.each(files)('%s is refused at once, in little memory', async (_, make, message) => {
  const bytes = make();
  const before = process.memoryUsage().rss;
  const begin = performance.now();
  const error: unknown = await decode(bytes).catch((error: unknown) => error);
  const took = performance.now() - begin;
  expect(error).toBeInstanceOf(CheckpointError);
  expect((error as Error).message).toMatch(message);
  expect((error as Error).message.length).toBeLessThan(1100);
  // A second on a machine that has nothing else to do.
  expect(took).toBeLessThan(10_000);
  expect(process.memoryUsage().rss - before).toBeLessThan(250e6);
});

test('an archive of a part that is compressed and not asked for is read', async () => {
  const { tensors } = await decode(goldenFile('script.zip.pth'));
  expect([...tensors.keys()]).toContain('conv1.weight');
});
