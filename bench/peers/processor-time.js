// node processor-time.js ROOT MODEL BATCH SIZE: training steps of the build in ROOT by one thread, in milliseconds of the processor.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { pixels } from './serve.js';

const [root, name, ...sizes] = process.argv.slice(2);
const [batch, size] = sizes.map(Number);
const load = (path) => import(pathToFileURL(path).href);
const tf = await load(createRequire(join(root, 'package.json')).resolve('@tensorflow/tfjs-core'));
const { buildModel, Random, SGD } = await load(join(root, 'dist/esm/index.js'));
const { setThreads } = await load(join(root, 'dist/esm/backends/simd/index.js'));
await tf.setBackend('simd');
setThreads(1);
const model = buildModel(name);
const images = tf.tensor4d(pixels(batch, size), [batch, size, size, 3]);
const classes = Array.from({ length: batch }, (_, i) => i % 10);
const labels = tf.oneHot(tf.tensor1d(classes, 'int32'), model.classes);
const context = { training: true, random: new Random(0) };
const optimizer = new SGD(model.namedVariables(), { momentum: 0.9 });
const variables = optimizer.parameters.map(({ variable }) => variable);

function step() {
  const loss = () => tf.losses.softmaxCrossEntropy(labels, model.forward(images, context));
  const { value, grads } = tf.variableGrads(loss, variables);
  const gradients = variables.map(({ name }) => grads[name]);
  optimizer.step(gradients, 0.001);
  tf.dispose([value, gradients]);
}

for (let i = 0; i < 4; i++) step();
console.log('ready');
for await (const line of createInterface({ input: process.stdin })) {
  if (line !== 'run') continue;
  const start = process.cpuUsage();
  step();
  const { user, system } = process.cpuUsage(start);
  console.log((user + system) / 1000);
}
