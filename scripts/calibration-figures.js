/**
 * Measures what docs/calibration.md says of the network that comes with the package:
 *
 *     node scripts/calibration-figures.js [IMAGES [OTHERS]]
 *
 * IMAGES, by default ../shared/data/cifar10/images, is a folder with one folder a class of CIFAR-10; OTHERS is such a folder of images of
 * another kind, whose classes do not matter. Prints tables in Markdown.
 */
import {
  collectFeatures,
  collectLogits,
  evaluate,
  findLabelErrors,
  fitConformal,
  fitMahalanobis,
  fitScaling,
  folderDataset,
  mahalanobisScores,
  measureCalibration,
  measureDetection,
  measureSets,
  outlierScores,
  predictionSets,
  pretrained,
  Random,
  scaleLogits,
} from 'skipscale';

const [folder = '../shared/data/cifar10/images', others] = process.argv.slice(2);
const ROUNDS = 100;
const model = await pretrained('resnet20');
const data = await folderDataset(folder);
const predictions = await collectLogits(model, data);
const { logits, labels } = predictions;
const percent = (share) => `${(100 * share).toFixed(1)} %`;
const row = (...cells) => console.log(`| ${cells.join(' | ')} |`);
const head = (...cells) => {
  row(...cells);
  row(...cells.map(() => '---'));
};
const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;
const part = (places) => ({ logits: places.map((i) => logits[i]), labels: places.map((i) => labels[i]) });

/** The examples in two halves of a random order. */
function halves(round) {
  const random = new Random(round);
  const order = [...labels.keys()];
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return [part(order.slice(0, order.length / 2)), part(order.slice(order.length / 2))];
}

const splits = Array.from({ length: ROUNDS }, (_, round) => halves(round));

head('scaling', 'right', 'expected error', 'adaptive', 'class-wise', 'Brier score', 'cross-entropy');
for (const method of [undefined, 'temperature', 'vector']) {
  const measured = splits.map(([fit, test]) =>
    measureCalibration(
      method ? { ...test, logits: scaleLogits(test.logits, fitScaling(fit, { method })) } : test,
    ),
  );
  const of = (key) => mean(measured.map((each) => each[key]));
  const shares = ['accuracy', 'expectedError', 'adaptiveError', 'classWiseError'].map((key) =>
    percent(of(key)),
  );
  row(method ?? 'none', ...shares, of('brierScore').toFixed(3), of('loss').toFixed(3));
}
const temperatures = splits.map(([fit]) => 1 / fitScaling(fit).scale[0]);
console.log(
  `\ntemperature ${mean(temperatures).toFixed(2)}, of all images ${(1 / fitScaling(predictions).scale[0]).toFixed(2)}\n`,
);

head('method', 'asked for', 'reached', 'mean classes');
for (const options of [
  { method: 'lac' },
  { method: 'aps' },
  { method: 'aps', randomized: true },
  { method: 'raps' },
]) {
  for (const coverage of [0.9, 0.95, 0.99]) {
    const measured = splits.map(([fit, test], seed) =>
      measureSets(
        predictionSets(fitConformal(fit, { ...options, coverage, seed }), test.logits, {
          seed: seed + ROUNDS,
        }),
        test.labels,
      ),
    );
    row(
      options.method.toUpperCase() + (options.randomized ? ', randomized' : ''),
      percent(coverage),
      percent(mean(measured.map((each) => each.coverage))),
      mean(measured.map(({ meanSize }) => meanSize)).toFixed(2),
    );
  }
}

console.log();
head('views', 'right', 'cross-entropy', 'calibration error');
for (const views of [undefined, 'flip', 'five-crop', 'ten-crop']) {
  const { top1, loss, calibrationError } = await evaluate(model, data, { views });
  row(views ?? 'one', percent(top1), loss.toFixed(3), percent(calibrationError));
}

/** Images of random bytes. */
const noise = (() => {
  const random = new Random(1);
  const { length } = labels;
  const picture = () => ({
    width: 32,
    height: 32,
    data: Uint8Array.from({ length: 32 * 32 * 3 }, () => random.integer(256)),
  });
  return { classes: data.classes, labels: new Int32Array(length), image: picture };
})();
const unknown = { noise };
if (others) {
  const opened = await folderDataset(others);
  unknown.others = {
    ...opened,
    classes: data.classes,
    labels: opened.labels.map(() => 0),
    image: (i) => opened.image(i),
  };
}
// Features of the even images are fitted, those of the odd ones judged.
const known = await collectFeatures(model, data);
const even = (_, i) => i % 2 === 0;
const odd = (_, i) => i % 2 === 1;
const fitted = fitMahalanobis(known.features.filter(even), Array.from(known.labels).filter(even));
console.log();
head('images', 'score', 'AUROC', 'known taken for known 95 %: unknown');
for (const [name, set] of Object.entries(unknown)) {
  const other = (await collectLogits(model, set)).logits;
  const features = (await collectFeatures(model, set)).features;
  const scores = {
    energy: [outlierScores(logits.filter(odd)), outlierScores(other)],
    'maximum softmax': ['max-softmax'].flatMap((method) => [
      outlierScores(logits.filter(odd), { method }),
      outlierScores(other, { method }),
    ]),
    Mahalanobis: [mahalanobisScores(fitted, known.features.filter(odd)), mahalanobisScores(fitted, features)],
  };
  for (const [score, [inside, outside]] of Object.entries(scores)) {
    const { auroc, falsePositiveRate95 } = measureDetection(inside, outside);
    row(name, score, auroc.toFixed(3), percent(falsePositiveRate95));
  }
}

// One label of ten is made wrong, and looked for.
const random = new Random(2);
const wrong = new Set();
const changed = Array.from(labels, (label, i) => {
  if (random.uniform() >= 0.1) return label;
  wrong.add(i);
  return (label + 1 + random.integer(9)) % 10;
});
console.log();
head('method', 'found', 'of them changed', 'of the changed found');
for (const method of ['noise-rate', 'confident-joint']) {
  const found = findLabelErrors({ logits, labels: changed }, { method });
  const hits = found.filter(({ index }) => wrong.has(index)).length;
  row(method, found.length, percent(hits / found.length), percent(hits / wrong.size));
}
model.dispose();
