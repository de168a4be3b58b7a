import { Command } from 'commander';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from './replace-file.js';

/** The charts, one below the other: the columns of log.csv that each shows, by the names of their curves. */
const charts = [
  { title: 'loss', curves: { training: 'loss', validation: 'validation loss' } },
  { title: 'accuracy', curves: { training: 'accuracy', validation: 'validation top-1' } },
] as const;

/** `skipscale plot RUN` */
export function plotCommand(): Command {
  return new Command('plot')
    .description("Draw a training's curves of loss and accuracy as an SVG file; takes the package echarts.")
    .argument('<run>', 'the folder that train wrote to')
    .option('--out <file>', 'the SVG file (default: curves.svg in that folder)')
    .action(async (run: string, { out = join(run, 'curves.svg') }: { out?: string }) => {
      await replaceFile(out, await drawCurves(await readLog(join(run, 'log.csv'))));
      console.log(`The curves are in ${out}.`);
    });
}

/** A row of log.csv, by its columns; undefined where there was no evaluation. */
type Row = Readonly<Record<string, number | undefined>>;

async function readLog(path: string): Promise<Row[]> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new Error(`${path} cannot be read; give the folder that train wrote to.`, { cause: error });
  });
  const [columns, ...rows] = text
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split(','));
  if (rows.length === 0) throw new Error(`${path} has no epochs yet; train for one at least.`);
  return rows.map((cells) =>
    Object.fromEntries(columns!.map((name, i) => [name, cells[i] ? Number(cells[i]) : undefined])),
  );
}

async function drawCurves(rows: readonly Row[]): Promise<string> {
  const echarts = await loadEcharts();
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: 800, height: 800 });
  try {
    chart.setOption({
      animation: false,
      backgroundColor: '#fff',
      title: charts.map(({ title }, i) => ({ text: title, left: 60, top: 10 + 390 * i })),
      legend: { data: Object.keys(charts[0].curves), top: 10, right: 40 },
      grid: charts.map((_, i) => ({ left: 60, right: 40, top: 50 + 390 * i, height: 290 })),
      xAxis: charts.map((_, i) => ({
        ...{ type: 'value', gridIndex: i, name: 'epoch', nameLocation: 'middle', nameGap: 25 },
        ...{ min: rows[0]!.epoch, max: rows.at(-1)!.epoch, minInterval: 1 },
      })),
      yAxis: charts.map((_, i) => ({ type: 'value', gridIndex: i, scale: true })),
      series: charts.flatMap(({ curves }, i) =>
        Object.entries(curves).map(([name, column]) => ({
          ...{ type: 'line', name, xAxisIndex: i, yAxisIndex: i, showSymbol: rows.length < 20 },
          data: rows.filter((row) => row[column] !== undefined).map((row) => [row.epoch, row[column]]),
        })),
      ),
    });
    return chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
}

async function loadEcharts() {
  try {
    return await import('echarts');
  } catch (error) {
    throw new Error('Drawing curves takes echarts, which is not installed: npm install echarts', {
      cause: error,
    });
  }
}
