import * as tf from '@tensorflow/tfjs-core';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import {
  buildResNet,
  cifar10Labels,
  classify,
  decodeSafetensors,
  encode,
  encodeSafetensors,
  load,
  modelNames,
  scaleToBudget,
  type Classification,
} from '../../src/index.js';
import { expectError, skipscale, skipscaleInTerminal } from '../helpers/skipscale.js';
import { torchKey, torchValues } from '../helpers/torch-model.js';
import { describeWithShared, sharedFile } from '../helpers/shared.js';
import { imageFile } from '../vision/golden-vision.js';

describe('classify', () => {
  let folder: string;
  let weights: string;
  const images = ['baseline.jpg', 'rgb.png'].map(imageFile);

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'skipscale-cli-'));
    weights = join(folder, 'resnet20.safetensors');
    const model = buildResNet(20, { seed: 3 });
    const tensors = Array.from(model.namedVariables(), (named) => {
      const { shape } = named.variable;
      const [height, width, inner, outer] = shape as number[];
      const torchShape = shape.length === 4 ? [outer!, inner!, height!, width!] : [...shape].reverse();
      return [torchKey(model, named), { shape: torchShape, values: torchValues(named) }] as const;
    });
    writeFileSync(weights, encodeSafetensors(new Map(tensors)));
    model.dispose();
  });

  afterAll(() => {
    rmSync(folder, { recursive: true });
    expect(tf.memory().numTensors).toBe(0);
  });

  async function expected(top: number): Promise<Classification[][]> {
    const model = buildResNet(20);
    await load(model, weights);
    const found = await classify(model, images, { top });
    model.dispose();
    return found;
  }

  test('--json prints what the library finds', async () => {
    const { status, stdout, stderr } = await skipscale(
      ...['classify', ...images, '--model', 'resnet20', '--weights', weights, '--top', '3', '--json'],
    );
    expect([status, stderr]).toEqual([0, '']);
    const found = JSON.parse(stdout) as { image: string; classes: Classification[] }[];
    expect(found.map(({ image }) => image)).toEqual(images);
    (await expected(3)).forEach((classes, i) => {
      expect(found[i]!.classes).toEqual(
        classes.map((c) => ({ ...c, probability: expect.closeTo(c.probability, 5) })),
      );
    });
  });

  test('prints a line a class, five by default', async () => {
    const { status, stdout } = await skipscale(
      ...['classify', images[0]!, '--model', 'resnet20', '--weights', weights],
    );
    expect(status).toBe(0);
    const [first, ...lines] = stdout.trimEnd().split('\n');
    expect(first).toBe(images[0]);
    const [classes] = await expected(5);
    expect(lines).toEqual(
      classes!.map(({ label, probability }) => `  ${(100 * probability).toFixed(1).padStart(5)} %  ${label}`),
    );
    // The file says no names.
    expect(classes![0]!.label).toMatch(/^class \d$/);
  });

  test('without --model, the network is the one that the weights are of', async () => {
    const named = await skipscale(
      ...['classify', images[0]!, '--model', 'resnet20', '--weights', weights, '--json'],
    );
    expect(await skipscale('classify', images[0]!, '--weights', weights, '--json')).toEqual(named);
  });

  test('--labels names the classes, and --top may be more than there are', async () => {
    const labels = join(folder, 'labels.txt');
    writeFileSync(labels, cifar10Labels.map((name) => `a ${name}\r\n`).join(''));
    const { stdout } = await skipscale(
      ...['classify', images[0]!, '--model', 'resnet20', '--weights', weights],
      ...['--labels', labels, '--top', '50', '--json'],
    );
    const [{ classes }] = JSON.parse(stdout) as [{ classes: Classification[] }];
    expect(classes).toHaveLength(10);
    expect(classes.map(({ label }) => label).sort()).toEqual(cifar10Labels.map((name) => `a ${name}`));
    const known = await skipscale(
      'classify',
      images[0]!,
      '--weights',
      weights,
      '--labels',
      'cifar10',
      '--top',
      '1',
    );
    expect(known.stdout).toContain(cifar10Labels[classes[0]!.index]);
    expectError(
      await skipscale('classify', images[0]!, '--weights', weights, '--labels', 'imagenet'),
      'There are 1000 labels for a model of 10 classes; give as many.',
    );
  });

  test('many images have a progress bar where a person watches', async () => {
    const many = Array.from({ length: 12 }, () => images[1]!);
    const command = ['classify', ...many, '--model', 'resnet20', '--weights', weights, '--json'];
    const seen = await skipscaleInTerminal(...command);
    expect(seen.stderr).toContain('0/12 images');
    expect(seen.stderr).toContain('12/12 images');
    expect(JSON.parse(seen.stdout)).toHaveLength(12);
    const few = await skipscaleInTerminal(...command.slice(0, 5), ...command.slice(13));
    expect(few.stderr).toBe('');
    expect((await skipscale(...command)).stderr).toBe('');
  });

  describe('of several images', () => {
    const [photo] = images as [string];
    let photos: string;

    /** The top class of each image, or its error, as `--json` has them. */
    async function answers(...args: string[]): Promise<Record<string, string>> {
      const { stdout } = await skipscale('classify', ...args, '--weights', weights, '--top', '1', '--json');
      const found = JSON.parse(stdout) as { image: string; classes?: Classification[]; error?: string }[];
      return Object.fromEntries(
        found.map(({ image, classes, error }) => [image, error ?? classes![0]!.label]),
      );
    }

    /** The answers of `images` where they all show what the photo does. */
    async function alike(...images: string[]): Promise<Record<string, string>> {
      const label = (await expected(1))[0]![0]!.label;
      return Object.fromEntries(images.map((image) => [image, label]));
    }

    beforeAll(() => {
      photos = join(folder, 'my phötos');
      mkdirSync(join(photos, 'more'), { recursive: true });
      for (const name of ['b.JPG', 'a (1) ü.jpeg', '[x]*.jpg', 'more/d.jpg', 'more/not.txt'])
        copyFileSync(photo, join(photos, name));
      writeFileSync(join(folder, 'text.jpg'), 'hello');
      writeFileSync(join(folder, 'empty.png'), '');
      writeFileSync(join(folder, 'phone.heic'), '\0\0\0\x18ftypheic\0\0\0\0mif1heic');
    });

    test('each has its answer or its error, and one error makes the exit code 1', async () => {
      const bad = [
        'missing.jpg',
        ...['text.jpg', 'empty.png', 'phone.heic'].map((name) => join(folder, name)),
      ];
      const result = await skipscale(
        ...['classify', photo, ...bad, photo, '--weights', weights, '--top', '1'],
      );
      expect(result.status).toBe(1);
      const [[{ label, probability }]] = (await expected(1)) as [[Classification]];
      const answer = `${photo}\n  ${(100 * probability).toFixed(1).padStart(5)} %  ${label}\n`;
      expect(result.stdout).toBe(answer + answer);
      const [missing, text, empty, heic, ...others] = result.stderr.trimEnd().split('\n');
      expect(missing).toBe(
        'skipscale: missing.jpg cannot be read (there is no such file or folder). Check the path.',
      );
      expect(text).toMatch(`skipscale: ${bad[1]} cannot be decoded`);
      expect(empty).toMatch(`skipscale: ${bad[2]} cannot be decoded`);
      expect(heic).toMatch(
        new RegExp(`^skipscale: ${bad[3]} cannot be decoded: HEIC .* Convert it to JPEG\\.$`),
      );
      expect(others).toEqual([]);
    });

    test('--json has an entry for each, and an error next to the image', async () => {
      const text = join(folder, 'text.jpg');
      const result = await skipscale('classify', photo, text, photo, '--weights', weights, '--json');
      expect([result.status, result.stderr]).toEqual([1, '']);
      expect(JSON.parse(result.stdout)).toEqual([
        { image: photo, classes: expect.any(Array) },
        { image: text, error: expect.stringMatching(/^\S+text\.jpg cannot be decoded/) },
        { image: photo, classes: expect.any(Array) },
      ]);
    });

    test('nothing is loaded where no image is there', async () => {
      const result = await skipscale('classify', 'missing.jpg', '--weights', 'no/such.pth');
      expectError(result, /^skipscale: missing\.jpg cannot be read[^\n]*\n$/);
    });

    test('a folder gives its images in order', async () => {
      const names = ['[x]*.jpg', 'a (1) ü.jpeg', 'b.JPG'].map((name) => join(photos, name));
      expect(Object.entries(await answers(photos))).toEqual(Object.entries(await alike(...names)));
    });

    test('a folder without images', async () => {
      const empty = join(folder, 'nothing');
      mkdirSync(empty);
      expectError(await skipscale('classify', empty, '--weights', weights), `${empty} holds no images`);
    });

    test('a pattern gives the files that it matches, whatever the case', async () => {
      const pattern = join(photos, '**', '*.jpg');
      const names = ['[x]*.jpg', 'b.JPG', 'more/d.jpg'].map((name) => join(photos, name));
      expect(Object.entries(await answers(pattern))).toEqual(Object.entries(await alike(...names)));
      const none = join(photos, '*.gif');
      expectError(await skipscale('classify', none, '--weights', weights), `${none} matches no file`);
    });

    test('a file whose name looks like a pattern is a file', async () => {
      const odd = join(photos, '[x]*.jpg');
      expect(await answers(odd)).toEqual(await alike(odd));
    });

    test('- is standard input', async () => {
      const stdin = Object.getOwnPropertyDescriptor(process, 'stdin')!;
      const give = (bytes: Uint8Array) =>
        Object.defineProperty(process, 'stdin', { value: Readable.from([bytes]), configurable: true });
      try {
        give(readFileSync(photo));
        expect(await answers('-')).toEqual(await alike('-'));
        give(Buffer.from('hello'));
        const result = await skipscale('classify', '-', '--weights', weights);
        expectError(result, /^skipscale: Standard input cannot be decoded/);
      } finally {
        Object.defineProperty(process, 'stdin', stdin);
      }
    });
  });

  describe('the network that comes with the package', () => {
    const note = /the ResNet-20 that comes with the package/g;

    test('is named once, after the answers, for those who read them', async () => {
      const { status, stdout, stderr } = await skipscale('classify', ...images);
      expect([status, stdout.split('\n').length]).toEqual([0, 2 * 6 + 1]);
      expect(stderr.match(note)).toHaveLength(1);
      expect((await skipscale('classify', ...images, '--json')).stderr).toBe('');
    });

    test('is not named where nothing was answered', async () => {
      expect((await skipscale('classify', 'missing.jpg')).stderr).not.toMatch(note);
    });
  });

  test('--weights may be a folder that train wrote, whose classes --model need not tell', async () => {
    const run = join(folder, 'run');
    mkdirSync(run);
    expectError(
      await skipscale('classify', images[0]!, '--weights', run),
      `The folder ${run} has no model.safetensors and no best.safetensors`,
    );
    const top = async (...args: string[]) => {
      const { stdout } = await skipscale('classify', images[0]!, '--weights', run, '--top', '1', ...args);
      return stdout.trimEnd().split(' ').at(-1);
    };
    // The file that is there later is the one that counts.
    for (const [file, label] of [
      ['best.safetensors', 'first'],
      ['model.safetensors', 'second'],
    ] as const) {
      const model = buildResNet(20, { classes: 2 });
      model.labels = [label, label];
      writeFileSync(join(run, file), await encode(model));
      model.dispose();
      expect(await top()).toBe(label);
      expect(await top('--model', 'resnet20')).toBe(label);
    }
  });

  describe('errors', () => {
    const image = images[0]!;

    test('an unknown model', async () => {
      const result = await skipscale('classify', image, '--model', 'resnet21', '--weights', weights);
      expectError(result, "There is no model 'resnet21'; the models are resnet18,");
    });

    test('weights that are not there', async () => {
      const result = await skipscale('classify', image, '--model', 'resnet20', '--weights', 'no/such.pth');
      expectError(result, /^skipscale: no\/such\.pth cannot be read/);
    });

    test('weights that are not weights', async () => {
      const result = await skipscale('classify', image, '--model', 'resnet20', '--weights', image);
      expectError(result, 'not a known file of weights');
    });

    test('weights of another model', async () => {
      const result = await skipscale('classify', image, '--model', 'resnet32', '--weights', weights);
      expectError(result, 'The weights are of resnet20, and not of resnet32');
    });

    test('a head of another name, and several weights in a file: asked for, given, and what was left out is said', async () => {
      const { tensors } = decodeSafetensors(readFileSync(weights));
      const others = join(folder, 'others.safetensors');
      const trained = Array.from(tensors, ([key, tensor]) => {
        const values = { shape: tensor.shape, values: tensor.toFloat32() };
        return [key.replace(/^fc\./, 'fc.1.'), values] as const;
      });
      const both = ['model', 'model_ema'].flatMap((prefix) =>
        trained.map(([key, tensor]) => [`${prefix}.${key}`, tensor] as const),
      );
      writeFileSync(others, encodeSafetensors(new Map(both)));
      const command = ['classify', image, '--weights', others, '--json'];
      expectError(
        await skipscale(...command),
        /others\.safetensors: .*'model_ema'.*--checkpoint-key model\./,
      );
      const key = ['--checkpoint-key', 'ema'];
      expectError(await skipscale(...command, ...key), /resnet20 without a head .*'fc\.1' \[10,64\].*--head/);
      const result = await skipscale(...command, ...key, '--head', 'fc.1');
      expect(result.stderr).toMatch(
        /^skipscale: loaded the weights 'model_ema' of .*; left out model\.conv1\.weight,/,
      );
      const usual = await skipscale('classify', image, '--weights', weights, '--json');
      const probabilities = (stdout: string) => stdout.match(/"probability": [\d.e-]+/g);
      expect(probabilities(result.stdout)).toEqual(probabilities(usual.stdout));
    });

    test('an image that is not there', async () => {
      const result = await skipscale('classify', 'no.jpg', '--model', 'resnet20', '--weights', weights);
      expectError(result, /^skipscale: no\.jpg cannot be read/);
    });

    test('an image that is none', async () => {
      const result = await skipscale('classify', weights, '--model', 'resnet20', '--weights', weights);
      expectError(result, `skipscale: ${weights} cannot be decoded`);
    });

    test('labels that are not there, none, or not as many', async () => {
      const command = ['classify', image, '--model', 'resnet20', '--weights', weights, '--labels'];
      expectError(await skipscale(...command, 'no.txt'), /^skipscale: no\.txt cannot be read/);
      const empty = join(folder, 'empty.txt');
      writeFileSync(empty, '\n');
      expectError(await skipscale(...command, empty), `${empty} holds no labels`);
      const two = join(folder, 'two.txt');
      writeFileSync(two, 'a\nb\n');
      expectError(
        await skipscale(...command, two),
        /^skipscale: There are 2 labels for a model of 10 classes/,
      );
    });

    test.each(['0', '-1', '2.5', 'all'])('--top %s', async (top) => {
      const result = await skipscale(
        'classify',
        image,
        '--model',
        'resnet20',
        '--weights',
        weights,
        '--top',
        top,
      );
      expectError(result, 'Give a positive whole number');
    });

    test('weights of another network than the package has, or an image, that are not named', async () => {
      expectError(
        await skipscale('classify', image, '--model', 'resnet18'),
        'Only resnet20 comes with weights',
      );
      expectError(await skipscale('classify', '--model', 'resnet20', '--weights', weights), 'image');
    });
  });
});

describeWithShared('data/cifar10', 'classify with real weights', () => {
  test('names a cat', async () => {
    const { stdout } = await skipscale(
      ...['classify', sharedFile('data/cifar10/images/cat/0001.jpg'), '--model', 'resnet20'],
      ...['--weights', sharedFile('data/cifar10/resnet20-12fca82f.th'), '--labels', 'cifar10', '--top', '1'],
    );
    expect(stdout.split('\n')[1]).toMatch(/^ +\d+\.\d % {2}cat$/);
  });
});

describe('summary', () => {
  test('prints the layers and their sums', async () => {
    const { status, stdout } = await skipscale('summary', 'resnet50');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Model: resnet50, input 224 x 224 x 3\n/);
    expect(stdout).toMatch(/^head \(dense\) +1000 +2,049,000 +2,048,000$/m);
    expect(stdout).toMatch(/trainable 25,557,032/);
  });

  test('--size and --json', async () => {
    const { stdout } = await skipscale('summary', 'efficientnet-b0', '--size', '64', '--json');
    const description = JSON.parse(stdout) as { inputShape: number[]; parameters: number };
    expect(description.inputShape).toEqual([64, 64, 3]);
    expect(description.parameters).toBe(5_288_548);
  });

  test('help names every network, or the first and the last of a row', async () => {
    const { stdout } = await skipscale('summary', '--help');
    const text = stdout.replace(/\s+/g, ' ');
    for (const name of modelNames.filter((name) => /^resnet\d+$/.test(name)))
      expect(text).toMatch(new RegExp(`[ t]${name.slice('resnet'.length)}[,;]`));
    for (const family of ['efficientnet-b', 'efficientnet-lite']) {
      const row = modelNames.filter((name) => name.startsWith(family));
      expect(text).toContain(`${row[0]} to ${row.at(-1)}`);
    }
    for (const name of ['resnext50_32x4d', 'resnet50d', 'seresnet50', 'resnetrs50', 'efficientnet-v2-s'])
      expect(text).toContain(name);
  });

  test('errors', async () => {
    expectError(await skipscale('summary', 'resnet51'), "There is no model 'resnet51'");
    expectError(
      await skipscale('summary', 'resnet50', '--size', '0'),
      'Give a whole number of pixels from 1 to 8192',
    );
    expectError(await skipscale('summary'), 'model');
  });
});

describe('scale', () => {
  test('prints the largest network that fits', async () => {
    const { scale, coefficients, uses } = scaleToBudget({ flops: 2e9 });
    const { status, stdout } = await skipscale('scale', '--flops', '2G');
    expect(status).toBe(0);
    expect(stdout).toContain(`buildEfficientNet(${scale}), on the command line efficientnet-b${scale}\n`);
    const summary = await skipscale('summary', `efficientnet-b${scale}`);
    expect(summary.stdout).toContain(`Multiply-adds: ${uses.flops.toLocaleString('en-US')};`);
    expect(stdout).toContain(`size ${coefficients.size}`);
    expect(stdout).toContain(
      `${uses.flops.toLocaleString('en-US')} multiply-adds (${((100 * uses.flops) / 2e9).toFixed(1)} % of the budget)`,
    );
    expect(stdout).toContain(`${uses.activationMemory.toLocaleString('en-US')} bytes of activations\n`);
  });

  test('--json, with several budgets', async () => {
    const { stdout } = await skipscale(
      ...['scale', '--parameters', '6M', '--flops', '1.5G', '--activation-memory', '200000000', '--json'],
    );
    expect(JSON.parse(stdout)).toEqual(
      JSON.parse(
        JSON.stringify(scaleToBudget({ parameters: 6e6, flops: 1.5e9, activationMemory: 200_000_000 })),
      ),
    );
  });

  test('errors', async () => {
    expectError(await skipscale('scale'), 'No budget is given');
    expectError(await skipscale('scale', '--flops', '1k'), 'Not even the smallest network');
    for (const amount of ['2X', '0', '-5', 'many']) {
      expectError(await skipscale('scale', '--flops', amount), 'Give an amount such as 5000000, 5M or 2.5G');
    }
  });
});

test('data that are no data set, and weights that are nowhere', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'skipscale-cli-'));
  try {
    const text = join(folder, 'notes.txt');
    writeFileSync(text, 'notes '.repeat(2000));
    const evaluate = (data: string, weights = 'cifar10') => skipscale('evaluate', data, '--weights', weights);
    expectError(
      await evaluate(text),
      /notes\.txt is no whole tar archive \(.*Give one, plain or \.tar\.gz, or a folder/,
    );
    expectError(
      await evaluate(join(folder, 'none')),
      /none cannot be read \(there is no such file or folder\)/,
    );
    for (const place of ['train/cat', 'train/ship', 'val/cat', 'val/ship']) {
      mkdirSync(join(folder, 'parts', place), { recursive: true });
      copyFileSync(imageFile('rgb.png'), join(folder, 'parts', place, '1.png'));
    }
    expectError(
      await evaluate(join(folder, 'parts')),
      /holds the folders train and val, the parts of a data set\. Give one/,
    );
    const [data, junk] = [join(folder, 'parts', 'train'), join(folder, 'parts', 'train', 'cat', 'empty.jpg')];
    expectError(
      await evaluate(data, 'nope'),
      /nope cannot be read \(there is no such file or folder, and no weights of that name/,
    );
    writeFileSync(junk, '');
    expectError(await evaluate(data), /train: cat\/empty\.jpg cannot be decoded .* --skip-broken\.\n$/);
    const { status, stdout, stderr } = await skipscale(
      ...['evaluate', data, '--weights', 'cifar10', '--skip-broken'],
    );
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: expect.stringMatching(/^2 images, 2 classes, 1 skipped: cat\/empty\.jpg \(.*\)\n$/),
    });
    // Two of the ten classes that the network knows.
    expect(stdout).toMatch(/^2 images\n[^]*\n {2}cat .*\n[^]*\n {2}ship .*\n/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('evaluate has a progress bar where a person watches', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'skipscale-cli-'));
  for (const name of ['a', 'b']) {
    mkdirSync(join(folder, name));
    for (let i = 0; i < 6; i++) copyFileSync(imageFile('rgb.png'), join(folder, name, `${i}.png`));
  }
  const model = buildResNet(20, { classes: 2 });
  const weights = join(folder, 'model.safetensors');
  writeFileSync(weights, await encode(model));
  model.dispose();
  const command = ['evaluate', '--data', folder, '--weights', folder];
  const seen = await skipscaleInTerminal(...command);
  expect(seen.stderr).toContain('12/12 images');
  expect(seen.stdout).toMatch(/^12 images\n/);
  expect((await skipscale(...command)).stderr).toBe(
    '12 images, 2 classes, 1 skipped: model.safetensors (not an image)\n' +
      "skipscale: the network's classes have no names, and are taken to be the data's in the same order; --labels names them.\n",
  );
  rmSync(folder, { recursive: true });
});

test('what is unknown, and where help is', async () => {
  expectError(
    await skipscale('recognise'),
    /unknown command 'recognise'\nskipscale --help says what there is/,
  );
  expectError(await skipscale('--recognise'), /unknown option '--recognise'/);
  expectError(
    await skipscale('classify', 'x.jpg', '--tpo', '3'),
    /unknown option '--tpo'\n.*--top\?\)\nskipscale classify --help says what there is/,
  );
  expectError(
    await skipscale('classify', 'x.jpg', '--convention', 'mine'),
    'Allowed choices are torchvision, timm, timm-tf, keras.',
  );
});

test('help lists every command, with the description that the command has', async () => {
  const { status, stdout } = await skipscale('--help');
  expect(status).toBe(0);
  const listed = stdout.replace(/\s+/g, ' ');
  for (const name of ['classify', 'train', 'evaluate', 'plot', 'summary', 'scale', 'cache']) {
    const help = await skipscale(name, '--help');
    const [, description] = help.stdout.split('\n\n');
    expect(listed).toMatch(new RegExp(` ${name} \\S`));
    expect(listed).toContain(description!.replace(/\s+/g, ' '));
  }
});

test('--version prints what package.json says', async () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  expect(await skipscale('--version')).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
});
