import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { expectError, skipscale } from '../helpers/skipscale.js';

const header = 'epoch,step,learning rate,loss,accuracy,validation loss,validation top-1,seconds';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'skipscale-plot-'))));
afterEach(() => rmSync(folder, { recursive: true }));

function writeLog(...rows: string[]): void {
  writeFileSync(join(folder, 'log.csv'), `${[header, ...rows].join('\n')}\n`);
}

/** A run in a folder of its own below. */
function writeRun(name: string, ...rows: string[]): string {
  const run = join(folder, name);
  mkdirSync(run, { recursive: true });
  writeFileSync(join(run, 'log.csv'), `${[header, ...rows].join('\n')}\n`);
  return run;
}

/** The points of the curves, in pixels. */
function curvesOf(svg: string): [x: number, y: number][][] {
  const curves: [number, number][][] = [];
  for (const [, x, y, curve] of svg.matchAll(
    /matrix\(3,0,0,3,([\d.]+),([\d.]+)\)"[^>]*series_index="(\d)"/g,
  )) {
    (curves[Number(curve)] ??= []).push([Number(x), Number(y)]);
  }
  return curves;
}

test('draws the loss and the accuracy of training and validation', async () => {
  writeLog('1,4,0.1,2,0.2,2.5,0.1,3', '2,8,0.1,1.5,0.4,,,3', '3,12,0.1,1,0.6,1.5,0.5,3');
  expect(await skipscale('plot', folder)).toEqual({
    status: 0,
    stdout: `The curves are in ${join(folder, 'curves.svg')}.\n`,
    stderr: '',
  });
  const svg = readFileSync(join(folder, 'curves.svg'), 'utf8');
  expect(svg).toMatch(/^<svg /);
  for (const words of ['loss', 'accuracy', 'training dashed, validation drawn through', 'epoch', '40 %'])
    expect(svg).toContain(`>${words}<`);

  const curves = curvesOf(svg);
  expect(curves.map((points) => points.length)).toEqual([3, 2, 3, 2]);
  const [loss, validationLoss, accuracy] = curves as [
    [number, number][],
    [number, number][],
    [number, number][],
  ];
  // Epochs are equally far apart, and so are the losses 2, 1.5 and 1, downwards; the accuracy rises.
  expect(loss[1]![0] - loss[0]![0]).toBeCloseTo(loss[2]![0] - loss[1]![0], 1);
  expect(loss[1]![1] - loss[0]![1]).toBeCloseTo(loss[2]![1] - loss[1]![1], 1);
  expect(loss[2]![1]).toBeGreaterThan(loss[0]![1]);
  expect(accuracy[2]![1]).toBeLessThan(accuracy[0]![1]);
  // Epoch 2 had no evaluation; the loss of 1.5 is as high as in training at epoch 2.
  expect(validationLoss[1]![0]).toBeCloseTo(loss[2]![0], 1);
  expect(validationLoss[1]![1]).toBeCloseTo(loss[1]![1], 1);
});

test('writes to the given path', async () => {
  writeLog('1,4,0.1,2,0.2,,,3');
  const out = join(folder, 'other.svg');
  expect((await skipscale('plot', folder, '--out', out)).stdout).toContain(out);
  expect(readFileSync(out, 'utf8')).toMatch(/^<svg /);
});

test('draws several runs by the names of their folders, each in its colour', async () => {
  const runs = [
    writeRun('resnet56', '1,4,0.1,2,0.2,2.5,0.1,3', '2,8,0.1,1,0.4,1.5,0.5,3'),
    writeRun('plain56', '1,4,0.1,2,0.1,3,0.1,3'),
  ];
  const out = join(folder, 'compare.svg');
  expect((await skipscale('plot', ...runs, '--out', out)).stderr).toBe('');
  const svg = readFileSync(out, 'utf8');
  expect(svg).toContain('>resnet56<');
  expect(svg).toContain('>plain56<');
  expect(curvesOf(svg).map((points) => points.length)).toEqual([2, 2, 1, 1, 2, 2, 1, 1]);
  const colours = [...svg.matchAll(/stroke="(#\w+)"[^>]*series_index="(\d)"/g)];
  const colourOf = (curve: number) => colours.find(([, , index]) => Number(index) === curve)![1];
  expect([0, 1, 4, 5].map(colourOf)).toEqual(new Array(4).fill(colourOf(0)));
  expect([2, 3, 6, 7].map(colourOf)).toEqual(new Array(4).fill(colourOf(2)));
  expect(colourOf(2)).not.toBe(colourOf(0));
});

test('folders of the same name are distinguished by their paths', async () => {
  const runs = ['a/run', 'b/run'].map((name) => writeRun(name, '1,4,0.1,2,0.2,2.5,0.1,3'));
  const out = join(folder, 'compare.svg');
  await skipscale('plot', ...runs, '--out', out);
  for (const run of runs) expect(readFileSync(out, 'utf8')).toContain(`>${run}<`);
});

test('a PNG file has the same chart in twice as many pixels', async () => {
  writeLog('1,4,0.1,2,0.2,2.5,0.1,3', '2,8,0.1,1,0.4,1.5,0.5,3');
  const [png, svg] = [join(folder, 'curves.png'), join(folder, 'curves.svg')];
  await skipscale('plot', folder, '--out', png);
  await skipscale('plot', folder);
  const drawn = await sharp(png).greyscale().raw().toBuffer({ resolveWithObject: true });
  const expected = await sharp(readFileSync(svg), { density: 144 }).greyscale().raw().toBuffer();
  expect([drawn.info.width, drawn.info.height]).toEqual([1600, 1600]);
  expect(drawn.data.equals(expected)).toBe(true);
  expect(new Set(drawn.data).size).toBeGreaterThan(20);
});

test('errors', async () => {
  expectError(await skipscale('plot', folder), 'log.csv cannot be read; give the folder that train wrote to');
  writeLog();
  expectError(await skipscale('plot', folder), 'log.csv has no epochs yet');
  expectError(
    await skipscale('plot', folder, folder),
    'Say with --out where the curves of several trainings go',
  );
  expectError(
    await skipscale('plot', folder, '--out', 'curves.pdf'),
    'Give a file whose name ends in .svg or .png.',
  );
});
