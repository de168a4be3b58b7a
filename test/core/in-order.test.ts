import { setTimeout as pause } from 'node:timers/promises';
import { groupsOf, inOrder } from '../../src/core/in-order.js';
import { Random } from '../../src/core/random.js';

const numbers = Array.from({ length: 40 }, (_, i) => i);

/** Work of random length, which counts what runs. */
function counted(fails: (i: number) => boolean = () => false) {
  const random = new Random(1);
  const counts = { running: 0, most: 0, begun: 0 };
  const make = async (i: number) => {
    counts.begun++;
    counts.most = Math.max(counts.most, ++counts.running);
    await pause(random.integer(5));
    counts.running--;
    if (fails(i)) throw new Error(`no ${i}`);
    return 10 * i;
  };
  return { counts, make };
}

test.each([
  [1, 0],
  [3, 1],
  [16, 2],
  [100, 9],
])('%i at once and %i groups ahead: all in order, and no more at once', async (atOnce, ahead) => {
  const { counts, make } = counted();
  const groups: number[][] = [];
  for await (const group of inOrder(groupsOf(numbers, 7), make, { ahead, atOnce })) groups.push(group);
  expect(groups.map(({ length }) => length)).toEqual([7, 7, 7, 7, 7, 5]);
  expect(groups.flat()).toEqual(numbers.map((i) => 10 * i));
  expect(counts.most).toBe(Math.min(atOnce, 7 * (ahead + 1), 40));
  expect(counts.running).toBe(0);
});

test('so many groups are made ahead while the caller works with one', async () => {
  const { counts, make } = counted();
  const made = inOrder(groupsOf(numbers, 7), make, { ahead: 2, atOnce: 100 });
  await made.next();
  await pause(20);
  expect(counts.begun).toBe(21);
  await made.next();
  await pause(20);
  expect(counts.begun).toBe(28);
  await made.return(undefined);
  expect(counts.begun).toBe(28);
});

test('the first failure in order is thrown, at its group, and then nothing runs', async () => {
  const { counts, make } = counted((i) => i === 17 || i === 19 || i === 22);
  const made = inOrder(groupsOf(numbers, 7), make, { ahead: 2, atOnce: 5 });
  expect((await made.next()).value).toEqual([0, 10, 20, 30, 40, 50, 60]);
  await made.next();
  await expect(made.next()).rejects.toThrow('no 17');
  expect(counts.running).toBe(0);
  const { begun } = counts;
  await pause(20);
  expect(counts.begun).toBe(begun);
  expect(begun).toBeLessThan(40);
  expect((await made.next()).done).toBe(true);
});

test('where the caller stops early, what has begun is waited for, and nothing else begins', async () => {
  let [begun, ended] = [0, 0];
  const make = async (i: number) => {
    begun++;
    if (i >= 7) await pause(30);
    ended++;
  };
  for await (const group of inOrder(groupsOf(numbers, 7), make, { ahead: 3, atOnce: 4 })) {
    expect(group).toHaveLength(7);
    break;
  }
  expect([begun, ended]).toEqual([11, 11]);
  await pause(50);
  expect(begun).toBe(11);
});

test('nothing of nothing', async () => {
  for await (const group of inOrder(groupsOf([], 7), () => 1, { ahead: 1, atOnce: 2 })) expect(group).toBe(0);
});
