import { setTimeout as pause } from 'node:timers/promises';
import { groupStream, mapStream } from '../../src/core/map-stream.js';

/** A stream of numbers that counts how many were taken, and whether it was closed. */
function numbers(count: number, fails = Infinity) {
  const state = { taken: 0, closed: false };
  async function* stream() {
    try {
      for (let i = 0; i < count; i++) {
        if (i === fails) throw new Error(`the stream broke at ${i}`);
        state.taken++;
        yield i;
      }
    } finally {
      state.closed = true;
    }
  }
  return { state, stream: stream() };
}

/** Work of several lengths, which counts what runs. */
function counted() {
  const counts = { running: 0, most: 0 };
  const make = async (i: number) => {
    counts.most = Math.max(counts.most, ++counts.running);
    await pause((i * 7) % 5);
    counts.running--;
    return 10 * i;
  };
  return { counts, make };
}

async function all<Value>(values: AsyncIterable<Value>): Promise<Value[]> {
  const found: Value[] = [];
  for await (const value of values) found.push(value);
  return found;
}

const tens = (count: number) => Array.from({ length: count }, (_, i) => 10 * i);

test.each([
  [1, 1],
  [3, 4],
  [16, 30],
])('%i at once, %i held: all in order, and no more at once', async (atOnce, held) => {
  const { counts, make } = counted();
  const found = await all(mapStream(numbers(50).stream, make, { atOnce, held, ordered: true }));
  expect(found).toEqual(tens(50));
  expect(counts.most).toBe(atOnce);
});

test('without order, each comes once, and a slow one does not hold the others up', async () => {
  let release = () => {};
  const slow = new Promise<void>((resolve) => (release = resolve));
  const make = async (i: number) => (i === 2 ? slow.then(() => 20) : 10 * i);
  const stream = mapStream(numbers(30).stream, make, { atOnce: 4, held: 8, ordered: false });
  const found: number[] = [];
  for await (const value of stream) {
    found.push(value);
    if (found.length === 29) release();
  }
  expect(found.at(-1)).toBe(20);
  expect(found.sort((a, b) => a - b)).toEqual(tens(30));
});

test.each([true, false])('no more is taken than is given on, order %s', async (ordered) => {
  const { state, stream } = numbers(1000);
  const { make } = counted();
  let given = 0;
  for await (const value of mapStream(stream, make, { atOnce: 4, held: 9, ordered })) {
    expect(value % 10).toBe(0);
    // One more than is held may lie between the source and the first free place.
    expect(state.taken - given).toBeLessThanOrEqual(10);
    given++;
    if (given % 20 === 0) await pause(8);
    if (given === 60) break;
  }
  expect(state.closed).toBe(true);
  expect(state.taken).toBeLessThanOrEqual(70);
});

test('what the stream throws comes after the results before it', async () => {
  const { stream } = numbers(9, 5);
  const { make } = counted();
  const found: number[] = [];
  const run = async () => {
    for await (const value of mapStream(stream, make, { atOnce: 3, held: 20, ordered: true }))
      found.push(value);
  };
  await expect(run()).rejects.toThrow('the stream broke at 5');
  expect(found).toEqual(tens(5));
});

test.each([true, false])('a failed item ends it, and nothing runs any more, order %s', async (ordered) => {
  const { state, stream } = numbers(100);
  const { counts, make } = counted();
  const failing = async (i: number) => {
    const made = await make(i);
    if (i === 12) throw new Error('no 12');
    return made;
  };
  await expect(all(mapStream(stream, failing, { atOnce: 4, held: 8, ordered }))).rejects.toThrow('no 12');
  expect(counts.running).toBe(0);
  expect(state.closed).toBe(true);
  expect(state.taken).toBeLessThan(30);
});

test('an abort ends it at once, though the stream and an item never come', async () => {
  const controller = new AbortController();
  async function* stuck() {
    yield 1;
    await new Promise(() => {});
  }
  const never = () => new Promise<number>(() => {});
  const options = { atOnce: 2, held: 4, signal: controller.signal };
  for (const [make, ordered] of [
    [never, true],
    [never, false],
    [async (i: number) => i, true],
  ] as const) {
    const run = all(mapStream(stuck(), make, { ...options, ordered }));
    setTimeout(() => controller.abort(new Error('enough')), 5);
    await expect(run).rejects.toThrow('enough');
  }
});

test('arrays are streams too, and groups have their size', async () => {
  const stream = mapStream([1, 2, 3, 4, 5, 6, 7], async (i) => i, { atOnce: 2, held: 3, ordered: true });
  expect(await all(groupStream(stream, 3))).toEqual([[1, 2, 3], [4, 5, 6], [7]]);
  expect(await all(mapStream([], async (i) => i, { atOnce: 2, held: 3, ordered: true }))).toEqual([]);
});
