import { Random } from '../../../src/core/random.js';
import type { Batch } from '../../../src/training/data/batch.js';
import { batches, type BatchesOptions } from '../../../src/training/data/batches.js';
import { arrayDataset } from '../../../src/training/data/array-dataset.js';
import { anyMix, beta, blend, cutMix, cutMixBox, mixup } from '../../../src/training/data/mix.js';
import type { RgbImage } from '../../../src/vision/image.js';
import { moments } from '../../helpers/statistics.js';

/** One pixel that says which image it is. */
const images = Array.from({ length: 10 }, (_, i): RgbImage => {
  return { width: 1, height: 1, data: Uint8Array.of(i, i, i) };
});
const dataset = arrayDataset(
  images,
  images.map((_, i) => i % 3),
  ['a', 'b', 'c'],
);

async function all(options: Partial<BatchesOptions> = {}): Promise<Batch[]> {
  const list: Batch[] = [];
  for await (const batch of batches(dataset, { batchSize: 4, ...options })) list.push(batch);
  return list;
}
const places = (list: readonly Batch[]) => list.flatMap(({ images }) => images.map(({ data }) => data[0]!));

test('an epoch has every image once, in an order by seed and epoch', async () => {
  const epoch = await all();
  expect(epoch.map(({ images }) => images.length)).toEqual([4, 4, 2]);
  expect(places(epoch).toSorted()).toEqual([...images.keys()]);
  expect(epoch.flatMap(({ targets }) => Array.from(targets))).toEqual(places(epoch).map((i) => i % 3));
  const orders = await Promise.all(
    [{}, { epoch: 1 }, { seed: 1 }, { shuffle: false }].map(async (options) =>
      places(await all(options)).join(),
    ),
  );
  expect(orders[0]).toBe(places(epoch).join());
  expect(orders[3]).toBe([...images.keys()].join());
  expect(new Set(orders).size).toBe(4);
});

test('the last batch may be left out', async () => {
  expect((await all({ dropLast: true })).map(({ images }) => images.length)).toEqual([4, 4]);
});

test('whatever comes first and however many are made ahead, the batches are the same', async () => {
  const augment = (_: RgbImage, random: Random): RgbImage => {
    return { width: 1, height: 1, data: Uint8Array.from({ length: 3 }, () => random.integer(256)) };
  };
  const options = { augment, mix: mixup(1), seed: 3, epoch: 2 };
  const whole = await all(options);
  expect(await all({ ...options, prefetch: 0 })).toEqual(whole);
  expect(await all({ ...options, prefetch: 9 })).toEqual(whole);
  expect(await all({ ...options, first: 1 })).toEqual(whole.slice(1));
  expect(await all({ ...options, epoch: 3 })).not.toEqual(whole);
});

test('batches are made ahead, as many as asked for', async () => {
  let asked = 0;
  const counting = { ...dataset, image: (i: number) => (asked++, dataset.image(i)) };
  const iterator = batches(counting, { batchSize: 2, prefetch: 2 });
  await iterator.next();
  expect(asked).toBe(6);
  await iterator.next();
  expect(asked).toBe(8);
  await iterator.return(undefined);
});

test('an image that fails fails its batch and no other', async () => {
  const failing = {
    ...dataset,
    image: (i: number) => (i === 5 ? Promise.reject(new Error('no')) : images[i]!),
  };
  const iterator = batches(failing, { batchSize: 4, shuffle: false });
  expect((await iterator.next()).value!.images).toHaveLength(4);
  await expect(iterator.next()).rejects.toThrow('no');
});

test('a transform follows the augmentation', async () => {
  const augment = ({ data }: RgbImage) => ({ width: 1, height: 1, data: data.map((v) => v + 1) });
  const transform = ({ data }: RgbImage) => ({ width: 1, height: 1, data: data.map((v) => 2 * v) });
  const [first] = await all({ augment, transform, shuffle: false });
  expect(places([first!])).toEqual([2, 4, 6, 8]);
});

test('what cannot be is refused', async () => {
  await expect(all({ batchSize: 0 })).rejects.toThrow('batchSize is 0');
  await expect(all({ batchSize: 11, dropLast: true })).rejects.toThrow(
    'dropLast leaves no batch of 11 of 10 images',
  );
  const none = batches(arrayDataset([], [], ['a']), { batchSize: 1 });
  await expect(none.next()).rejects.toThrow('The data set has no images');
});

describe('mixing', () => {
  const picture = (value: number): RgbImage => ({
    width: 24,
    height: 16,
    data: new Uint8Array(1152).fill(value),
  });
  const batch: Batch = { images: [picture(10), picture(100), picture(200)], targets: Int32Array.of(0, 2, 2) };

  test('mixup mixes images and targets by one number', () => {
    const { images: mixed, targets } = mixup(1)(batch, 3, new Random(1));
    const lambda = targets[0]!;
    expect(lambda > 0.01 && lambda < 0.99).toBe(true);
    expect(mixed.map(({ data }) => data[1151])).toEqual([
      Math.round(10 * lambda + 200 * (1 - lambda)),
      100,
      Math.round(200 * lambda + 10 * (1 - lambda)),
    ]);
    const rows = [lambda, 0, 1 - lambda, 0, 0, 1, 1 - lambda, 0, lambda];
    rows.forEach((value, i) => expect(targets[i]).toBeCloseTo(value, 6));
    expect(batch.images[0]!.data[0]).toBe(10);
  });

  test('blending rounds to the nearest byte', () => {
    const [a, b] = [images[1]!, images[2]!];
    expect(Array.from(blend(a, b, 0.5).data)).toEqual([2, 2, 2]);
    expect(Array.from(blend(a, b, 0.6).data)).toEqual([1, 1, 1]);
    expect(Array.from(blend(a, b, 1).data)).toEqual([1, 1, 1]);
  });

  test("CutMix's targets are the shares of the pixels", () => {
    const seen = new Set<number>();
    for (let seed = 0; seed < 50; seed++) {
      const { images: mixed, targets } = cutMix()(batch, 3, new Random(seed));
      const share = mixed[0]!.data.filter((value) => value === 10).length / 1152;
      const others = mixed[0]!.data.filter((value) => value === 200).length / 1152;
      expect(share + others).toBe(1);
      expect(targets[0]).toBeCloseTo(share, 6);
      expect(targets[2]).toBeCloseTo(others, 6);
      seen.add(share);
    }
    expect(seen.size).toBeGreaterThan(5);
  });

  test('the box of CutMix has its area around its centre, cut at the edges', () => {
    expect(cutMixBox(100, 60, 0.75, { x: 50, y: 30 })).toEqual({ left: 25, top: 15, right: 75, bottom: 45 });
    expect(cutMixBox(100, 60, 0.75, { x: 0, y: 59 })).toEqual({ left: 0, top: 44, right: 25, bottom: 60 });
    expect(cutMixBox(5, 5, 1, { x: 2, y: 2 })).toEqual({ left: 2, top: 2, right: 2, bottom: 2 });
  });

  test('soft targets are mixed too, and anyMix takes each way', () => {
    const soft = { ...batch, targets: Float32Array.of(0.5, 0.5, 0, 0, 0, 1, 0, 0, 1) };
    const { targets } = mixup(1)(soft, 3, new Random(1));
    expect(targets[0]! * 2).toBeCloseTo(1 - targets[2]!, 6);
    const ways = new Set<string>();
    const way = (name: string) => (batch: Batch) => (ways.add(name), batch);
    const mix = anyMix(way('a'), way('b'));
    for (let seed = 0; seed < 20; seed++) mix(batch, 3, new Random(seed));
    expect(ways).toEqual(new Set(['a', 'b']));
  });

  test.each([0.2, 1, 2])('Beta(%s, itself) has its mean and variance', (alpha) => {
    const random = new Random(7);
    const { mean, deviation } = moments(Array.from({ length: 20_000 }, () => beta(random, alpha)));
    expect(mean).toBeCloseTo(0.5, 1.7);
    expect(deviation ** 2 * 4 * (2 * alpha + 1)).toBeCloseTo(1, 1.3);
  });

  test('what cannot be mixed is refused', () => {
    expect(() => mixup(0)).toThrow('alpha is 0');
    expect(() => anyMix()).toThrow('anyMix got nothing');
    const unequal = { ...batch, images: [...batch.images.slice(0, 2), images[0]!] };
    expect(() => cutMix()(unequal, 3, new Random(0))).toThrow(
      'Images of 24 x 16 and 1 x 1 pixels cannot be mixed',
    );
  });
});
