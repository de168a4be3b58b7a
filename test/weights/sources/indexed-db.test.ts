import 'fake-indexeddb/auto';
import { buildResNet } from '../../../src/models/resnet.js';
import {
  isIndexedDb,
  readIndexedDb,
  removeWeights,
  storeWeights,
} from '../../../src/weights/sources/indexed-db.js';
import { load } from '../../../src/weights/load.js';
import { encode } from '../../../src/weights/encode.js';

test('a network comes back, with the files next to it', async () => {
  const model = buildResNet(20, { width: 0.25, classes: 2, seed: 1 });
  const bytes = await encode(model);
  const config = JSON.stringify({ id2label: { 0: 'no', 1: 'yes' } });
  await storeWeights('indexeddb://mine/model', bytes);
  await storeWeights('indexeddb://mine/config.json', new TextEncoder().encode(config));
  const copy = await load('indexeddb://mine/model');
  expect(copy.labels).toEqual(['no', 'yes']);
  expect(Buffer.compare((await load(model, 'indexeddb://mine/model'), await encode(model)), bytes)).toBe(0);
  model.dispose();
  copy.dispose();
});

test('bytes are kept without the rest of their buffer, replaced, and removed', async () => {
  await storeWeights('indexeddb://A name', new Uint8Array([1, 2, 3, 4]).subarray(1, 3));
  const bytes = await readIndexedDb('indexeddb://A name');
  expect([...bytes, bytes.buffer.byteLength]).toEqual([2, 3, 2]);
  await storeWeights('indexeddb://A name', new Uint8Array([5]));
  expect([...(await readIndexedDb('indexeddb://A name'))]).toEqual([5]);
  await removeWeights('indexeddb://A name');
  await removeWeights('indexeddb://A name');
  await expect(load('indexeddb://A name')).rejects.toThrow(
    "Nothing is kept at indexeddb://A name; keep weights there by storeWeights('indexeddb://A name', bytes).",
  );
});

test.each(['mine', 'indexeddb://', 'indexeddb:mine', ''])('%j is refused', async (address) => {
  await expect(storeWeights(address, new Uint8Array(1))).rejects.toThrow(
    `'${address}' is no place in IndexedDB; give indexeddb:// and a name.`,
  );
  await expect(removeWeights(address)).rejects.toThrow('is no place in IndexedDB');
});

test('where there is no IndexedDB, the error says so', async () => {
  const { indexedDB } = globalThis;
  Reflect.deleteProperty(globalThis, 'indexedDB');
  try {
    expect(isIndexedDb('indexeddb://mine')).toBe(true);
    await jest.isolateModulesAsync(async () => {
      const { readIndexedDb } = await import('../../../src/weights/sources/indexed-db.js');
      await expect(readIndexedDb('indexeddb://mine')).rejects.toThrow('IndexedDB is in browsers only');
    });
  } finally {
    globalThis.indexedDB = indexedDB;
  }
});
