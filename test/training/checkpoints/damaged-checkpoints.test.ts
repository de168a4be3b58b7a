import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { constantSchedule } from '../../../src/training/optim/schedules.js';
import {
  train,
  type ResumeEvent,
  type TrainEvent,
  type ImageTrainOptions,
} from '../../../src/training/train.js';
import { load } from '../../../src/weights/load.js';
import { decodeSafetensors } from '../../../src/weights/formats/safetensors.js';
import { tinyData, tinyModel } from '../tiny.js';

const name = (step: number) => `checkpoint-00000000${step}.safetensors`;

let folder: string;
/** A training of three epochs of three steps, with a checkpoint each. */
let whole: string;

beforeAll(async () => {
  whole = mkdtempSync(join(tmpdir(), 'skipscale-'));
  await run(whole, { checkpoints: { folder: whole }, validation: tinyData(9, 1) });
});
afterAll(() => rmSync(whole, { recursive: true }));
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'skipscale-'));
  for (const file of readdirSync(whole)) copyFileSync(join(whole, file), join(folder, file));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function run(
  folder: string,
  options: Partial<ImageTrainOptions> = {},
): Promise<{ events: TrainEvent[]; weights: unknown }> {
  const model = tinyModel();
  const events: TrainEvent[] = [];
  try {
    const checkpoints = { folder, resume: true };
    const all = { epochs: 3, batchSize: 12, schedule: constantSchedule(0.05), checkpoints, ...options };
    for await (const event of train(model, tinyData(36), all)) events.push(event);
    return { events, weights: model.variables().map((variable) => variable.dataSync().slice()) };
  } finally {
    model.dispose();
    expect(tf.memory().numTensors).toBe(0);
  }
}

/** The file with two bytes of its data changed: of a weight, of the optimizer's state, or of what it says. */
function flip(file: string, where: 'weights' | 'optimizer' | 'counts'): void {
  const path = join(folder, file);
  const bytes = new Uint8Array(readFileSync(path));
  const { tensors } = decodeSafetensors(bytes);
  const key = where === 'weights' ? 'model/head.weight' : 'optimizer/head.weight.momentum';
  const at =
    where === 'counts'
      ? Buffer.from(bytes).indexOf('\\"iterations\\":9') + '\\"iterations\\":'.length
      : tensors.get(key)!.bytes.byteOffset;
  bytes[at]! ^= 1; // A digit stays a digit.
  if (where !== 'counts') bytes[at + 9]! ^= 1;
  writeFileSync(path, bytes);
}

const cut = (length: number) => () => {
  const path = join(folder, name(9));
  writeFileSync(path, readFileSync(path).subarray(0, length));
};
const becomeFolder = () => {
  rmSync(join(folder, name(9)));
  mkdirSync(join(folder, name(9)));
};

test.each<[string, () => void, string]>([
  ['two flipped bytes of a weight', () => flip(name(9), 'weights'), 'does not have the sum that it should'],
  ["two flipped bytes of the optimizer's state", () => flip(name(9), 'optimizer'), 'does not have the sum'],
  ['a flipped bit of a count', () => flip(name(9), 'counts'), 'does not have the sum that it should'],
  ['a file cut short', cut(5000), 'This safetensors file is damaged'],
  ['a file cut short in its header', cut(100), 'its header claims'],
  ['an empty file', cut(0), 'It is empty.'],
  ['a folder', becomeFolder, 'It is a folder.'],
])(
  'the newest checkpoint is %s: the newest that is whole is taken, and the file named',
  async (_, damage, reason) => {
    damage();
    const events: ResumeEvent[] = [];
    const { events: all, weights } = await run(folder, { epochs: 4 });
    for (const event of all) if (event.type === 'resume') events.push(event);
    expect(events).toEqual([
      {
        ...{ type: 'resume', epoch: 2, step: 6, path: join(folder, name(6)) },
        skipped: [{ path: join(folder, name(9)), reason: expect.stringContaining(reason) }],
      },
    ]);
    const { weights: undamaged } = await run(whole2(), { epochs: 4 });
    expect(weights).toEqual(undamaged);
  },
);

/** A copy of the whole training. */
function whole2(): string {
  const copy = join(folder, 'copy');
  mkdirSync(copy);
  for (const file of readdirSync(whole)) copyFileSync(join(whole, file), join(copy, file));
  return copy;
}

test('several damaged ones are all named, the newest first', async () => {
  flip(name(9), 'weights');
  writeFileSync(join(folder, name(6)), '');
  const { events } = await run(folder, { epochs: 1 });
  const { skipped, path, step } = events[0] as ResumeEvent;
  expect([basename(path), step]).toEqual([name(3), 3]);
  expect(skipped.map(({ path }) => basename(path))).toEqual([name(9), name(6)]);
});

test('none is whole: an error names them all, and nothing is removed', async () => {
  for (const step of [3, 6, 9]) flip(name(step), 'weights');
  const before = readdirSync(folder);
  const error = await run(folder).then(
    () => 'It ran.',
    ({ message }: Error) => message,
  );
  expect(error).toMatch(
    `No checkpoint of ${folder} is whole, so there is nothing to resume. The files are still there`,
  );
  for (const step of [3, 6, 9]) expect(error).toMatch(`${name(step)}: This safetensors file is damaged`);
  expect(readdirSync(folder)).toEqual(before);
});

test('damaged ones do not count among those that are kept, so that a whole one always stays', async () => {
  flip(name(9), 'weights');
  const kept: string[][] = [];
  const model = tinyModel();
  const checkpoints = { folder, resume: true, keep: 1, everySteps: 1 };
  const options = { epochs: 3, batchSize: 12, schedule: constantSchedule(0.05), checkpoints };
  for await (const { type } of train(model, tinyData(36), options)) {
    if (type === 'checkpoint') kept.push(readdirSync(folder).filter((file) => file.startsWith('check')));
  }
  // The damaged one stays until the training comes to its step.
  const both = [
    [name(7), name(9)],
    [name(8), name(9)],
  ];
  expect(kept).toEqual([...both, [name(9)], [name(9)]]);
  model.dispose();
});

test('a folder in the place of the last checkpoint is an error when all else is done', async () => {
  becomeFolder();
  await expect(run(folder)).rejects.toThrow(
    `${name(9)} cannot be written: a folder stands in its place (EISDIR)`,
  );
  expect(readdirSync(folder).sort()).toEqual(['best.safetensors', name(3), name(6), name(9)]);
});

test('weights that train saved as the best are refused where they are damaged', async () => {
  const path = join(folder, 'best.safetensors');
  const bytes = new Uint8Array(readFileSync(path));
  bytes[bytes.length - 5]! ^= 1;
  writeFileSync(path, bytes);
  const model = tinyModel();
  await expect(load(model, path)).rejects.toThrow('does not have the sum that it should');
  model.dispose();
});
