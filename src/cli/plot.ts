import { Command } from 'commander';
import type { EChartsOption, SeriesOption } from 'echarts';
import { readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { chartFile, writeChart } from './chart.js';

/** The charts, one below the other: the columns of log.csv that each shows. */
const charts = [
  { title: 'loss', training: 'loss', validation: 'validation loss', label: (value: number) => String(value) },
  {
    title: 'accuracy',
    training: 'accuracy',
    validation: 'validation top-1',
    label: (value: number) => `${Math.round(100 * value)} %`,
  },
] as const;

const HEIGHT = 390;

/** `skipscale plot RUN…` */
export function plotCommand(): Command {
  return new Command('plot')
    .description(
      'Draw the curves of loss and accuracy of trainings, of several to compare them; takes the package echarts.',
    )
    .argument('<run...>', 'folders that train wrote to')
    .option('--out <file>', 'an SVG or PNG file (default: curves.svg in the folder, if it is one)', chartFile)
    .action(async (folders: string[], options: { out?: string }) => {
      const { out = folders.length === 1 ? join(folders[0]!, 'curves.svg') : undefined } = options;
      if (out === undefined) throw new Error('Say with --out where the curves of several trainings go.');
      const rows = await Promise.all(folders.map((folder) => readLog(join(folder, 'log.csv'))));
      const names = runNames(folders);
      await writeChart(out, curves(rows.map((rows, i) => ({ name: names[i]!, rows }))), {
        width: 800,
        height: 20 + HEIGHT * charts.length,
      });
      console.log(`The curves are in ${out}.`);
    });
}

/** A training: its rows of log.csv by their columns, undefined where there was no evaluation. */
interface Run {
  readonly name: string;
  readonly rows: readonly Readonly<Record<string, number | undefined>>[];
}

/** The names of the folders, or their paths where two have the same. */
function runNames(folders: readonly string[]): readonly string[] {
  const names = folders.map((folder) => basename(resolve(folder)));
  return new Set(names).size === names.length ? names : folders;
}

async function readLog(path: string): Promise<Run['rows']> {
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

/** Training dashed and validation drawn through, each run in its colour. */
function curves(runs: readonly Run[]): EChartsOption {
  const epochs = runs.flatMap(({ rows }) => rows.map(({ epoch }) => epoch!));
  return {
    title: charts.map(({ title }, i) => ({
      text: title,
      subtext: 'training dashed, validation drawn through',
      left: 60,
      top: 10 + HEIGHT * i,
    })),
    color: ['#1f77b4', '#d62728', '#2ca02c', '#9467bd', '#ff7f0e', '#8c564b', '#17becf', '#7f7f7f'],
    legend: { top: 10, right: 40, itemGap: 25, data: runs.map(({ name }) => name) },
    grid: charts.map((_, i) => ({ left: 60, right: 40, top: 70 + HEIGHT * i, height: 275 })),
    xAxis: charts.map((_, i) => ({
      ...{ type: 'value', gridIndex: i, name: 'epoch', nameLocation: 'middle', nameGap: 25 },
      ...{ min: Math.min(...epochs), max: Math.max(...epochs), minInterval: 1 },
    })),
    yAxis: charts.map(({ label }, i) => ({
      ...{ type: 'value', gridIndex: i, scale: true, axisLabel: { formatter: label } },
    })),
    series: charts.flatMap((chart, i) => runs.flatMap((run) => seriesOf(run, chart, i))),
  };
}

function seriesOf({ name, rows }: Run, chart: (typeof charts)[number], index: number): SeriesOption[] {
  return (['training', 'validation'] as const).map((part) => ({
    ...{ type: 'line', name, xAxisIndex: index, yAxisIndex: index, showSymbol: rows.length < 20 },
    lineStyle: { type: part === 'training' ? 'dashed' : 'solid' },
    data: rows.filter((row) => row[chart[part]] !== undefined).map((row) => [row.epoch!, row[chart[part]]!]),
  }));
}
