/** What is changed, and what is done with it: for each kind its files, and an attempt to read changed ones. */
import * as tf from '@tensorflow/tfjs-core';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import {
  arrayDataset,
  buildModel,
  buildResNet,
  cifar10Dataset,
  classify,
  constantSchedule,
  decode,
  encode,
  encodeSafetensors,
  idxDataset,
  load,
  ResNet,
  resNetArchitecture,
  tarDataset,
  train,
} from 'skipscale';
import { readTensors, tarOf, torchSave } from './files.js';

/** What a case has found. */
export class Fault extends Error {}

const golden = fileURLToPath(new URL('../../test/golden/', import.meta.url));

/** The files of a folder of golden values that end so. */
function goldenFiles(folder, ending) {
  return readdirSync(join(golden, folder))
    .filter((name) => name.endsWith(ending))
    .map((name) => new Uint8Array(readFileSync(join(golden, folder, name))));
}

/** A network of two blocks. */
function tinyModel() {
  const architecture = resNetArchitecture(20, { classes: 3, size: 8 });
  const stages = [
    { blocks: 1, channels: 4, outChannels: 4, squeezeChannels: 0 },
    { blocks: 1, channels: 8, outChannels: 8, squeezeChannels: 0 },
  ];
  return new ResNet({ ...architecture, stages, stemChannels: 4 }, { seed: 1 });
}

function valuesOf(model) {
  return model.variables().map((variable) => variable.dataSync().slice());
}

function same(a, b) {
  return a.every((values, i) => Buffer.from(values.buffer).equals(Buffer.from(b[i].buffer)));
}

/** Loads into a model, which must be left as it was where the file is refused. */
async function loadInto(model, source, check) {
  const before = valuesOf(model);
  try {
    await load(model, source);
  } catch (error) {
    if (!same(before, valuesOf(model)))
      throw new Fault('the model is changed though the file was refused', { cause: error });
    throw error;
  }
  const after = valuesOf(model);
  tf.tidy(() =>
    model.variables().forEach((variable, i) => variable.assign(tf.tensor(before[i], variable.shape))),
  );
  check(after);
}

/** Of a file with a checksum: what is read must be what was written. */
const mustBe = (wanted) => (values) => {
  if (!same(wanted, values)) throw new Fault('other weights than those that were written, without an error');
};

const mustBeFinite = (values) => {
  if (!values.every((array) => array.every(Number.isFinite))) throw new Fault('weights that are not finite');
};

/** Golden files of a checkpoint's format, whose every value is asked for. */
function checkpoints(folder, ending) {
  return async () => ({
    files: goldenFiles(folder, ending).map((bytes) => [bytes]),
    async attempt([bytes]) {
      const { tensors } = await decode(bytes);
      for (const tensor of tensors.values()) tensor.toFloat32();
    },
  });
}

/** Files that are read together, of which one is changed; each is written before the attempt. */
function onDisk(folder, names, attempt) {
  mkdirSync(folder, { recursive: true });
  return async (contents) => {
    contents.forEach((bytes, i) => writeFileSync(join(folder, names[i]), bytes));
    await attempt(folder);
  };
}

async function savedModel() {
  const model = tinyModel();
  const wanted = valuesOf(model);
  const other = tinyModel();
  tf.tidy(() => other.variables().forEach((variable) => variable.assign(tf.zerosLike(variable))));
  return {
    files: [[await encode(model)]],
    attempt: ([bytes]) => loadInto(other, bytes, mustBe(wanted)),
  };
}

/** A checkpoint of `torch.save` with real weights; it has no checksum that is right in every such file. */
async function pytorchModel() {
  const model = buildResNet(20);
  return {
    files: [[torchSave(readTensors(await encode(model)))]],
    attempt: ([bytes]) => loadInto(model, bytes, mustBeFinite),
  };
}

function tinyData() {
  const image = (i) => ({ width: 8, height: 8, data: new Uint8Array(192).map((_, j) => (i * 85 + j) % 256) });
  const labels = Int32Array.from({ length: 12 }, (_, i) => i % 3);
  return arrayDataset(Array.from(labels, image), labels, ['red', 'green', 'blue']);
}

async function finish(events) {
  while (!(await events.next()).done);
}

/** The checkpoint of a training that is done: resuming it reads everything and takes no step. */
async function training(folder) {
  const data = tinyData();
  const checkpoints = { folder: join(folder, 'training') };
  const options = { epochs: 1, batchSize: 4, schedule: constantSchedule(0.1), checkpoints };
  const model = tinyModel();
  await finish(train(model, data, options));
  const wanted = valuesOf(model);
  const [name] = readdirSync(checkpoints.folder).filter((name) => name.startsWith('checkpoint-'));
  const path = join(checkpoints.folder, name);
  const resumed = tinyModel();
  const start = valuesOf(resumed);
  return {
    files: [[new Uint8Array(readFileSync(path))]],
    async attempt([bytes]) {
      writeFileSync(path, bytes);
      try {
        await finish(
          train(resumed, data, {
            ...options,
            checkpoints: { ...checkpoints, resume: true },
          }),
        );
        mustBe(wanted)(valuesOf(resumed));
      } catch (error) {
        if (!same(start, valuesOf(resumed)))
          throw new Fault('the model is changed though the file was refused', { cause: error });
        throw error;
      } finally {
        tf.tidy(() => resumed.variables().forEach((v, i) => v.assign(tf.tensor(start[i], v.shape))));
      }
    },
  };
}

async function shards(folder) {
  const model = buildResNet(20);
  const tensors = readTensors(await encode(model));
  const half = tensors.length >> 1;
  const parts = [tensors.slice(0, half), tensors.slice(half)];
  const names = ['model-1.safetensors', 'model-2.safetensors'];
  const weightMap = Object.fromEntries(parts.flatMap((part, i) => part.map(([key]) => [key, names[i]])));
  const toWrite = (part) =>
    encodeSafetensors(
      new Map(
        part.map(([key, { shape, bytes }]) => [key, { shape, values: new Float32Array(bytes.buffer) }]),
      ),
    );
  const index = new TextEncoder().encode(JSON.stringify({ metadata: {}, weight_map: weightMap }));
  const at = join(folder, 'shards');
  return {
    files: [[index, ...parts.map(toWrite)]],
    attempt: onDisk(at, ['model.safetensors.index.json', ...names], () =>
      loadInto(model, join(at, 'model.safetensors.index.json'), mustBeFinite),
    ),
  };
}

/** A layers-model of TensorFlow.js: a narrow ResNet-50 by Keras's names, a part of it as uint8. */
async function manifest(folder) {
  const model = buildModel('resnet50', { convention: 'keras', width: 0.0625, classes: 3 });
  const tensors = readTensors(await encode(model, { names: 'keras' }));
  const isSmall = ([key]) => key.endsWith('/bias');
  const weights = tensors.map(([name, { shape }], i) => ({
    ...{ name, shape, dtype: 'float32' },
    ...(isSmall(tensors[i]) && { quantization: { dtype: 'uint8', scale: 0.25, min: -1.5 } }),
  }));
  const parts = tensors.map((tensor) =>
    isSmall(tensor) ? new Uint8Array(tensor[1].bytes.length / 4) : tensor[1].bytes,
  );
  const text = JSON.stringify({ weightsManifest: [{ paths: ['weights.bin'], weights }] });
  const at = join(folder, 'manifest');
  return {
    files: [[new TextEncoder().encode(text), new Uint8Array(Buffer.concat(parts))]],
    attempt: onDisk(at, ['model.json', 'weights.bin'], () =>
      loadInto(model, join(at, 'model.json'), mustBeFinite),
    ),
  };
}

/** The config of timm, and of Hugging Face's transformers, next to weights that say nothing themselves. */
async function config(folder) {
  const at = join(folder, 'config');
  const model = buildResNet(20);
  const tensors = new Map(
    readTensors(await encode(model)).map(([key, { shape, bytes }]) => [
      key,
      { shape, values: new Float32Array(bytes.buffer) },
    ]),
  );
  model.dispose();
  const timm = {
    architecture: 'resnet20',
    num_classes: 10,
    label_names: ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'],
    pretrained_cfg: {
      input_size: [3, 32, 32],
      interpolation: 'bicubic',
      crop_pct: 0.875,
      mean: [0.485, 0.456, 0.406],
      std: [0.229, 0.224, 0.225],
      num_classes: 10,
    },
  };
  const transformers = {
    model_type: 'resnet',
    id2label: Object.fromEntries(timm.label_names.map((name, i) => [i, name])),
    image_size: 32,
  };
  mkdirSync(at, { recursive: true });
  writeFileSync(join(at, 'model.safetensors'), encodeSafetensors(tensors));
  return {
    files: [timm, transformers].map((value) => [new TextEncoder().encode(JSON.stringify(value, null, 1))]),
    attempt: onDisk(at, ['config.json'], async () => {
      const model = await load(join(at, 'model.safetensors'));
      try {
        mustBeFinite(valuesOf(model));
        await classify(model, { width: 8, height: 8, data: new Uint8Array(192) });
      } finally {
        model.dispose();
      }
    }),
  };
}

/** Two classes of golden images. */
function archive() {
  const files = ['baseline.jpg', 'rgb.png', 'still.gif', 'lossy.webp'];
  return tarOf(
    ['cat', 'dog'].flatMap((name) =>
      files.map((file) => [`${name}/${file}`, readFileSync(join(golden, 'images', file))]),
    ),
  );
}

/** An archive, of which every image that it claims to have is decoded. */
function archives(pack, file) {
  return async (folder) => {
    const path = join(folder, file);
    return {
      files: [[pack(archive())]],
      async attempt([bytes]) {
        writeFileSync(path, bytes);
        const data = await tarDataset(path, { onSkip: () => undefined });
        for (const place of data.labels.keys()) await data.image(place);
        rmSync(path);
      },
    };
  };
}

async function decodeEach(data) {
  for (const place of data.labels.keys()) await data.image(place);
}

async function idx() {
  const images = new Uint8Array(16 + 5 * 4);
  images.set([0, 0, 8, 3, 0, 0, 0, 5, 0, 0, 0, 2, 0, 0, 0, 2]);
  const labels = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 5, 0, 1, 2, 1, 0);
  return {
    files: [
      [images, labels],
      [new Uint8Array(gzipSync(images)), new Uint8Array(gzipSync(labels))],
    ],
    attempt: async ([images, labels]) => decodeEach(await idxDataset(images, labels)),
  };
}

async function cifar() {
  const records = Uint8Array.from({ length: 2 * 3073 }, (_, i) => i % 10);
  return { files: [[records]], attempt: async ([bytes]) => decodeEach(await cifar10Dataset([bytes])) };
}

async function image() {
  const model = tinyModel();
  const names = readdirSync(join(golden, 'images'));
  return {
    files: names.map((name) => [new Uint8Array(readFileSync(join(golden, 'images', name)))]),
    attempt: ([bytes]) => classify(model, bytes),
  };
}

/** A ResNet-50's weights on the disk, about 100 MB, whose first and last bytes are changed. */
function large(name, write, options) {
  return async (folder) => {
    const model = buildResNet(50, options);
    const path = join(folder, name);
    if (!existsSync(path)) writeFileSync(path, await write(model));
    return { path, attempt: () => load(model, path) };
  };
}

export const kinds = {
  safetensors: checkpoints('checkpoints', '.safetensors'),
  pth: checkpoints('checkpoints', '.zip.pth'),
  'legacy-pth': checkpoints('checkpoints', '.legacy.pth'),
  h5: checkpoints('keras_files', '.h5'),
  keras: checkpoints('keras_files', '.keras'),
  'saved-model': savedModel,
  'pytorch-model': pytorchModel,
  training,
  shards,
  manifest,
  config,
  tar: archives((bytes) => bytes, 'images.tar'),
  'tar-gz': archives((bytes) => new Uint8Array(gzipSync(bytes)), 'images.tar.gz'),
  idx,
  cifar,
  image,
  'large-safetensors': large('large.safetensors', (model) => encode(model)),
  'large-pth': large('large.pth', async (model) => torchSave(readTensors(await encode(model)))),
  'large-h5': large('large.weights.h5', (model) => encode(model, { format: 'weights.h5' }), {
    convention: 'keras',
  }),
};
