/** Files to be changed that need a writer of their own. */
import { zipSync } from 'fflate';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A tar archive of files by path. */
export function tarOf(files) {
  const folder = mkdtempSync(join(tmpdir(), 'skipscale-tar-'));
  try {
    for (const [path, bytes] of files) {
      mkdirSync(join(folder, 'in', dirname(path)), { recursive: true });
      writeFileSync(join(folder, 'in', path), bytes);
    }
    execFileSync('tar', ['--format=ustar', '--sort=name', '-cf', 'out.tar', '-C', 'in', '.'], {
      cwd: folder,
    });
    return new Uint8Array(readFileSync(join(folder, 'out.tar')));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * What `torch.save` writes of a state_dict: a zip archive of a pickle and one part a storage.
 * @param tensors - Pairs of a key and { shape, bytes }, of float32.
 */
export function torchSave(tensors) {
  const parts = { 'archive/data.pkl': pickle(tensors), 'archive/version': new TextEncoder().encode('3\n') };
  tensors.forEach(([, { bytes }], i) => (parts[`archive/data/${i}`] = bytes));
  return zipSync(parts, { level: 0 });
}

/** Protocol 2, as torch/serialization.py has it: a dict of _rebuild_tensor_v2 of persistent storages. */
function pickle(tensors) {
  const out = [];
  const op = (...bytes) => out.push(...bytes);
  const text = (value) => {
    const bytes = new TextEncoder().encode(value);
    op(0x58, bytes.length & 255, (bytes.length >> 8) & 255, 0, 0, ...bytes); // BINUNICODE
  };
  const integer = (value) => op(0x4a, value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24); // BININT
  const tuple = (values) => {
    op(0x28); // MARK
    values.forEach(integer);
    op(0x74); // TUPLE
  };
  const global = (module, name) => op(0x63, ...new TextEncoder().encode(`${module}\n${name}\n`));
  op(0x80, 2, 0x7d, 0x28); // PROTO 2, EMPTY_DICT, MARK
  tensors.forEach(([key, { shape, bytes }], i) => {
    text(key);
    global('torch._utils', '_rebuild_tensor_v2');
    op(0x28, 0x28); // the arguments, and the storage's name
    text('storage');
    global('torch', 'FloatStorage');
    text(String(i));
    text('cpu');
    integer(bytes.length / 4);
    op(0x74, 0x51); // TUPLE, BINPERSID
    integer(0);
    tuple(shape);
    tuple(shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1)));
    op(0x89); // NEWFALSE
    global('collections', 'OrderedDict');
    op(0x29, 0x52, 0x74, 0x52); // EMPTY_TUPLE, REDUCE, TUPLE, REDUCE
  });
  op(0x75, 0x2e); // SETITEMS, STOP
  return Uint8Array.from(out);
}

/** Keys, shapes and bytes of a safetensors file. */
export function readTensors(bytes) {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  return Object.entries(header)
    .filter(([key]) => key !== '__metadata__')
    .map(([key, { shape, data_offsets: offsets }]) => {
      const [begin, end] = offsets.map((offset) => 8 + length + offset);
      return [key, { shape, bytes: bytes.slice(begin, end) }];
    });
}
