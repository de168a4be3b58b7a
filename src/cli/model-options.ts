import { Option, type Command } from 'commander';
import type { ModelOptions } from '../models/build-model.js';
import { conventionNames } from '../models/convention-names.js';
import type { LoadOptions } from '../weights/load.js';
import { resNetShortcuts } from '../scaling/resnet.js';
import { classMapping, positiveInteger, positiveNumber, side } from './arguments.js';

/** What a network is besides its name. */
export type ShapeOptions = Pick<ModelOptions, 'width' | 'depth' | 'size' | 'shortcut'>;

/** Which weights of a file a command takes, and which of its layers is the head. */
export type PartOptions = Pick<LoadOptions, 'checkpointKey' | 'head'>;

/** The names of networks that commands take, in words. */
export const MODEL_NAMES =
  'resnet18, 34, 50, 101, 152, of CIFAR resnet20, 32, 44, 56, 110; variants such as resnext50_32x4d, wide_resnet50_2, ' +
  'resnet50d, seresnet50 and resnetrs50; efficientnet-b0 to efficientnet-b7 and between, such as efficientnet-b2.26; ' +
  'efficientnet-lite0 to efficientnet-lite4; efficientnet-v2-s, m, l and efficientnet-v2-b0 to efficientnet-v2-b3';

/**
 * The option of whose conventions a network follows.
 * @param usual - Whose without the option.
 */
export function conventionOption(usual: string): Option {
  return new Option('--convention <name>', `whose padding and preprocessing (default: ${usual})`).choices(
    conventionNames,
  );
}

/** The option that says what a network calls classes that the data have by another name. */
export function classesOption(): Option {
  return new Option(
    '--classes <pairs>',
    "classes of the data = the network's names or numbers, such as cat=tabby,dog=281 (default: the same names)",
  ).argParser(classMapping);
}

/** The option that names a network's classes. */
export function labelsOption(): Option {
  return new Option(
    '--labels <names>',
    "names of the classes: cifar10, imagenet, or a text file with a name a line (default: those that the weights' file says)",
  );
}

/** Adds the images that a command looks at. */
export function addImages(command: Command): Command {
  return command.argument(
    '<image...>',
    'JPEG, PNG, WebP or GIF images: paths, URLs, folders, patterns such as "photos/*.jpg", or - for standard input',
  );
}

/** Adds the options that say which network looks at images. */
export function addNetworkOptions(command: Command): Command {
  return command
    .option(
      '--weights <name|file>',
      "imagenet, cifar10 or a name such as timm/resnet50.a1_in1k; a folder that train wrote; or a path, a URL or hf://owner/name/file of safetensors, PyTorch or Keras (default: the package's for CIFAR-10)",
    )
    .option('--model <name>', `${MODEL_NAMES} (default: what the weights are of)`)
    .addOption(conventionOption("the weights' or the model's"))
    .addOption(labelsOption());
}

/** Adds the data that a network is judged by, and the options that say which network. */
export function addEvaluationOptions(command: Command): Command {
  return command
    .argument('[data]', 'a folder or tar archive with one folder a class; files of CIFAR or MNIST')
    .option('--data <path>', 'the same')
    .option(
      '--weights <file>',
      "a folder that train wrote, or what classify takes (default: the package's for CIFAR-10)",
    )
    .option('--model <name>', `${MODEL_NAMES} (default: what the weights are of)`)
    .addOption(conventionOption("the weights' or the model's"))
    .addOption(classesOption())
    .addOption(labelsOption())
    .option('--batch-size <n>', 'images that go through the network together', positiveInteger, 128)
    .option('--skip-broken', 'leave out images that cannot be decoded');
}

/** Adds the options of {@link PartOptions}. */
export function addPartOptions(command: Command): Command {
  return command
    .option(
      '--checkpoint-key <name>',
      'which weights of a file that has several, such as state_dict_ema, or in short ema',
    )
    .option(
      '--head <layer>',
      "the file's layer that is the head, where its name is not the usual one, such as fc.1; none leaves it out",
      (text: string) => (text === 'none' ? false : text),
    );
}

/** Adds the options that change the network that `--model` names. */
export function addShapeOptions(command: Command): Command {
  return command
    .option('--width <x>', 'multiplies the channels of every layer', positiveNumber)
    .option('--depth <x>', 'multiplies the blocks of every stage of an EfficientNet', positiveNumber)
    .addOption(
      new Option(
        '--shortcut <kind>',
        "of a ResNet's blocks that change the shape; none takes all shortcuts away: a plain network",
      ).choices(resNetShortcuts),
    )
    .option('--size <pixels>', "side of the images (default: the model's)", side);
}
