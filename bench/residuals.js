/**
 * What residuals are for: ResNets of 20 and 56 layers and the plain networks of the same depths, trained alike on a part
 * of CIFAR-10 (He et al. 2015, figure 6, at a small scale), and the norms of the gradients by depth. Writes
 * docs/residuals/*.csv and *.svg, and prints the tables of docs/residuals.md.
 *
 *     npm run build && npm ci --prefix bench && node bench/residuals.js
 *
 * Options: --images, --size (pixels), --epochs, --rate, --warm-up (epochs).
 */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import * as echarts from 'echarts';
import {
  buildResNet,
  compose,
  decodeAll,
  preprocess,
  padAndCrop,
  Random,
  randomFlip,
  resize,
  SGD,
  softmaxCrossEntropy,
  stepSchedule,
  subset,
  tarDataset,
  train,
  withWarmUp,
} from 'skipscale';

const { values } = parseArgs({
  options: {
    images: { type: 'string', default: '5000' },
    size: { type: 'string', default: '16' },
    epochs: { type: 'string', default: '12' },
    rate: { type: 'string', default: '0.05' },
    'warm-up': { type: 'string', default: '1' },
  },
});
const [IMAGES, SIZE, EPOCHS, RATE, WARM_UP] = ['images', 'size', 'epochs', 'rate', 'warm-up'].map((name) =>
  Number(values[name]),
);
const BATCH = 64;
const WIDTH = 0.5;
const SEED = 0;
/** Depth, and what buildResNet calls the shortcut. */
const networks = [
  [20, 'none'],
  [56, 'none'],
  [20, 'pad'],
  [56, 'pad'],
];

const archive = fileURLToPath(new URL('../../shared/data/cifar10/train.tar.gz', import.meta.url));
const everyImage = await tarDataset(archive);
const places = Array.from({ length: IMAGES }, (_, i) => Math.floor((i * everyImage.labels.length) / IMAGES));
const data = await decodeAll(subset(everyImage, places), {
  transform: (image) => resize(image, SIZE, SIZE, 'bilinear'),
});

const results = [];
for (const [depth, shortcut] of networks) {
  const options = { shortcut, width: WIDTH, size: SIZE, seed: SEED };
  // Of a ResNet that starts its blocks as the identity, the branches have no gradients before the first step.
  const ordinary = buildResNet(depth, options);
  const initial = await gradientNorms(ordinary);
  ordinary.dispose();
  const model = buildResNet(depth, { ...options, zeroInitResidual: shortcut !== 'none' });
  const epochs = await trained(model);
  results.push({ name: model.architecture.name, epochs, initial, final: await gradientNorms(model) });
  model.dispose();
}
await write('training.csv', trainingTable());
await write('gradients.csv', gradientTable());
await write('training.svg', drawTraining());
await write('gradients.svg', drawGradients());
printTables();

/** The epochs of a training by the paper's recipe, in fewer steps. */
async function trained(model) {
  const perEpoch = Math.floor(IMAGES / BATCH);
  const steps = EPOCHS * perEpoch;
  const schedule = stepSchedule(RATE, { at: [steps / 2, (3 * steps) / 4] });
  const epochs = [];
  const events = train(model, data, {
    epochs: EPOCHS,
    batchSize: BATCH,
    seed: SEED,
    schedule: withWarmUp(schedule, { steps: WARM_UP * perEpoch }),
    optimizer: (parameters) => new SGD(parameters, { momentum: 0.9, weightDecay: 1e-4 }),
    augment: compose(padAndCrop(SIZE / 8), randomFlip()),
  });
  for await (const event of events) {
    if (event.type !== 'epoch') continue;
    const { epoch, step, loss, metrics, seconds } = event;
    epochs.push({ epoch: epoch + 1, step, loss, error: 1 - metrics.accuracy });
    console.error(
      `${model.architecture.name} epoch ${epoch + 1}: error ${percent(1 - metrics.accuracy)}, ${seconds.toFixed(0)} s`,
    );
  }
  return epochs;
}

/** The Euclidean norm of the loss's gradient by the kernel of every 3x3 convolution, the first layer's first. */
async function gradientNorms(model) {
  const count = 2 * BATCH;
  const chosen = Array.from({ length: count }, (_, i) => (i * IMAGES) / count).map(Math.floor);
  const images = await preprocess(await Promise.all(chosen.map((i) => data.image(i))), model.preprocessing);
  const labels = tf.tensor1d(
    chosen.map((i) => data.labels[i]),
    'int32',
  );
  const kernels = [...model.namedVariables()].filter(({ variable }) => variable.rank === 4);
  const norms = tf.tidy(() => {
    const context = { training: true, random: new Random(SEED), keepStatistics: true };
    const { grads } = tf.variableGrads(
      () => softmaxCrossEntropy(model.forward(images, context), labels),
      kernels.map(({ variable }) => variable),
    );
    return kernels.map(({ name, variable }) => ({
      name,
      norm: tf.norm(grads[variable.name]).dataSync()[0],
    }));
  });
  tf.dispose([images, labels]);
  return norms;
}

function trainingTable() {
  const rows = results.flatMap(({ name, epochs }) =>
    epochs.map(({ epoch, step, loss, error }) => [name, epoch, step, loss.toFixed(4), error.toFixed(4)]),
  );
  return csv([['network', 'epoch', 'step', 'loss', 'training error'], ...rows]);
}

function gradientTable() {
  const rows = results.flatMap(({ name, initial, final }) =>
    initial.map((kernel, i) => [
      name,
      i + 1,
      kernel.name,
      ...[kernel, final[i]].map(({ norm }) => norm.toPrecision(5)),
    ]),
  );
  return csv([['network', 'layer', 'kernel', 'initial norm', 'trained norm'], ...rows]);
}

function csv(rows) {
  return rows.map((row) => `${row.join(',')}\n`).join('');
}

/** As the paper's figure 6: plain networks on the left, ResNets on the right. */
function drawTraining() {
  const least = Math.min(...results.flatMap(({ epochs }) => epochs.map(({ error }) => error)));
  const y = { type: 'value', name: 'training error (%)', min: 10 * Math.floor(10 * least), max: 100 };
  const x = { type: 'value', name: 'epoch', min: 1, max: EPOCHS, minInterval: 1 };
  const isPlain = ({ name }) => name.startsWith('plain');
  const panels = [results.filter(isPlain), results.filter((result) => !isPlain(result))].map((shown) =>
    shown.map(({ name, epochs }) => ({
      name,
      data: epochs.map(({ epoch, error }) => [epoch, 100 * error]),
    })),
  );
  return draw(['plain networks', 'ResNets'], panels, x, y);
}

function drawGradients() {
  const y = { type: 'log', name: 'norm of the gradient' };
  const x = { type: 'value', name: 'layer', min: 1, max: 55 };
  const panels = ['initial', 'final'].map((when) =>
    results.map((result) => ({
      name: result.name,
      data: result[when].map(({ norm }, i) => [i + 1, norm]),
    })),
  );
  return draw(['before training', 'after training'], panels, x, y);
}

/** Two panels side by side with the same axes, as SVG. */
function draw(titles, panels, x, y) {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: 900, height: 400 });
  chart.setOption({
    animation: false,
    backgroundColor: '#fff',
    title: titles.map((text, i) => ({ text, left: 70 + 440 * i, top: 10, textStyle: { fontSize: 15 } })),
    legend: { data: results.map(({ name }) => name), bottom: 5 },
    grid: panels.map((_, i) => ({ left: 70 + 440 * i, width: 360, top: 65, bottom: 80 })),
    xAxis: panels.map((_, i) => ({ ...x, gridIndex: i, nameLocation: 'middle', nameGap: 25 })),
    yAxis: panels.map((_, i) => ({ ...y, gridIndex: i })),
    series: panels.flatMap((curves, i) =>
      curves.map((curve) => ({
        ...{ type: 'line', xAxisIndex: i, yAxisIndex: i, showSymbol: false },
        // The deeper networks have the thicker lines, as in the paper.
        ...{ lineStyle: { width: curve.name.endsWith('56') ? 3 : 1.5 }, ...curve },
      })),
    ),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

function printTables() {
  const epochs = results[0].epochs.map(({ epoch }) => `epoch ${epoch}`);
  printRows(
    ['training error', ...epochs],
    results.map(({ name, epochs }) => [name, ...epochs.map(({ error }) => percent(error))]),
  );
  const ends = (norms) => {
    const [first, last] = [norms[1].norm, norms.at(-1).norm];
    return [first.toPrecision(2), last.toPrecision(2), (first / last).toPrecision(2)];
  };
  printRows(
    ['norm of the gradient', 'first block', 'last block', 'ratio', 'trained: first', 'last', 'ratio'],
    results.map(({ name, initial, final }) => [name, ...ends(initial), ...ends(final)]),
  );
}

function printRows(header, rows) {
  const lines = [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  console.log(`${lines.join('\n')}\n`);
}

function percent(share) {
  return `${(100 * share).toFixed(1)} %`;
}

async function write(name, text) {
  await writeFile(new URL(`../docs/residuals/${name}`, import.meta.url), text);
}
