import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeChart } from '../../src/cli/chart.js';
import { evaluationChart } from '../../src/cli/evaluation-chart.js';
import { Metrics } from '../../src/training/metrics.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'skipscale-chart-'))));
afterEach(() => rmSync(folder, { recursive: true }));

async function draw(classes: readonly string[], rows: number[][], labels: number[]): Promise<string> {
  const metrics = new Metrics(classes.length);
  metrics.add(Float32Array.from(rows.flat(), Math.log), labels);
  const { option, size } = evaluationChart(metrics.result(), classes);
  const path = join(folder, 'evaluation.svg');
  await writeChart(path, option, size);
  return readFileSync(path, 'utf8');
}

/** The cells of the heat map: the place of their middle, their colour. */
function cellsOf(svg: string) {
  const cells = /<path d="M([\d.]+) ([\d.]+)l([\d.]+) 0[^"]*"[^>]*fill="([^"]+)"[^>]*series_index="0"/g;
  return Array.from(svg.matchAll(cells), ([, x, y, width, fill]) => ({
    x: Number(x) + Number(width) / 2,
    y: Number(y),
    fill,
  }));
}

test('draws a cell where there are images, with their number, and where the probabilities are', async () => {
  const rows = [
    [0.9, 0.1],
    [0.9, 0.1],
    [0.7, 0.3],
    [0.2, 0.8],
  ];
  const svg = await draw(['cat', 'dog'], rows, [0, 0, 1, 1]);
  for (const words of ['cat', 'dog', 'Confusion matrix', 'top-1 75.00 %', 'calibration error 27.50 %'])
    expect(svg).toContain(`>${words}<`);
  const cells = cellsOf(svg);
  // Cat as cat; dog as cat and as dog, in the row below.
  expect(cells).toHaveLength(3);
  const [cat, mistaken, dog] = cells as [(typeof cells)[0], (typeof cells)[0], (typeof cells)[0]];
  expect(mistaken.x).toBe(cat.x);
  expect(dog.x).toBeGreaterThan(cat.x);
  expect(mistaken.y).toBeGreaterThan(cat.y);
  expect(dog.y).toBe(mistaken.y);
  expect(dog.fill).toBe(mistaken.fill);
  expect(cat.fill).not.toBe(dog.fill);
  expect(svg.match(/>2<\/text>/g)).toHaveLength(1);

  // Of probability 0.7 none is right, of 0.8 and 0.9 all are.
  const points = /matrix\([\d.]+,0,0,[\d.]+,([\d.]+),([\d.]+)\)"[^>]*series_index="1"/g;
  const [none, all, certain] = Array.from(svg.matchAll(points), ([, x, y]) => [Number(x), Number(y)]);
  expect(all![0]! - none![0]!).toBeCloseTo(certain![0]! - all![0]!, 1);
  expect(all![1]).toBe(certain![1]);
  expect(none![1]! - all![1]!).toBeCloseTo(10 * (all![0]! - none![0]!), 0);
});

test('of many classes the cells have no numbers', async () => {
  const classes = Array.from({ length: 30 }, (_, i) => `class ${i}`);
  const row = classes.map((_, i) => (i === 3 ? 1 : 0));
  const svg = await draw(classes, new Array(7).fill(row), new Array(7).fill(3));
  expect(cellsOf(svg)).toHaveLength(1);
  expect(svg).not.toContain('>7</text>');
});
