import { setTimeout as pause } from 'node:timers/promises';
import { Batcher } from '../../../src/cli/serve/batcher.js';

/** A batcher of numbers, whose batches are kept. */
function recorded(batchSize: number, maxWait: number, time = 5) {
  const batches: number[][] = [];
  const run = async (items: number[]) => {
    batches.push(items);
    await pause(time);
    if (items.includes(13)) throw new Error('no 13');
    return items.map((item) => 10 * item);
  };
  return { batches, batcher: new Batcher(run, { batchSize, maxWait }) };
}

test('what arrives together is a batch, a full one at once, and what arrives while one runs is the next', async () => {
  const { batches, batcher } = recorded(4, 20);
  const begin = performance.now();
  const first = [1, 2, 3, 4, 5].map((item) => batcher.add(item));
  await pause(1);
  const second = [6, 7].map((item) => batcher.add(item));
  expect(await Promise.all([...first, ...second])).toEqual([10, 20, 30, 40, 50, 60, 70]);
  expect(performance.now() - begin).toBeLessThan(1000);
  expect(batches).toEqual([
    [1, 2, 3, 4],
    [5, 6, 7],
  ]);
});

test('the first waits so long for others, and no longer', async () => {
  const { batches, batcher } = recorded(8, 40);
  const begin = performance.now();
  const first = batcher.add(1);
  await pause(10);
  await Promise.all([first, batcher.add(2)]);
  expect(performance.now() - begin).toBeGreaterThanOrEqual(38);
  await batcher.add(3);
  expect(batches).toEqual([[1, 2], [3]]);
});

test('an error is that of its batch alone', async () => {
  const { batcher } = recorded(2, 0);
  const results = await Promise.allSettled([1, 13, 2, 3].map((item) => batcher.add(item)));
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled', 'fulfilled']);
  expect(await batcher.add(4)).toBe(40);
});
