import { Command } from 'commander';
import {
  atLeastZero,
  belowOne,
  integer,
  listOf,
  oneOf,
  positiveInteger,
  positiveNumber,
  share,
  wholeNumber,
} from './arguments.js';
import { addDownloadOptions } from './download-options.js';
import {
  addPartOptions,
  addShapeOptions,
  classesOption,
  conventionOption,
  MODEL_NAMES,
} from './model-options.js';
import type { TrainCommandOptions } from './prepare-training.js';
import {
  augmentationNames,
  objectiveNames,
  optimizerNames,
  scheduleNames,
  scratchDefaults,
} from './training-names.js';

// Lines of at most 80 columns: commander does not wrap this text.
const modes = `
Fine-tuning: without --model, or with --from, a network that knows other images
learns yours. It starts with the ResNet-20 that comes with the package, or with
the weights of --from; what is not given is chosen by the number of images, and
printed with the reasons. A new head is made where the classes are others.

From scratch: with --model and without --from, the network starts with random
weights. That takes thousands of images. The defaults are --validation ${0.1},
--epochs ${scratchDefaults.epochs}, --batch-size ${scratchDefaults.batchSize}, --lr ${scratchDefaults.lr}, --augment ${scratchDefaults.augment.join(',')}.

Examples:
  skipscale train photos/
  skipscale train photos/ --from imagenet --model resnet50
  skipscale train cifar.tar.gz --model resnet20 --epochs 80 --lr 0.2 --out run`;

/** `skipscale train DATA [--from WEIGHTS] [--model NAME] [--out RUN]` */
export function trainCommand(): Command {
  const command = new Command('train')
    .description(
      'Train a network on your own images, with checkpoints; Ctrl-C stops it, --resume continues it.',
    )
    .argument('[data]', 'a folder or tar archive with one folder a class; files of CIFAR or MNIST')
    .option('--data <path>', 'the same, for older commands')
    .option(
      '--out <folder>',
      'where checkpoints, log.csv and at the end model.safetensors go (default: the name of the data and -model)',
    )
    .option(
      '--from <weights>',
      'what to fine-tune: imagenet, cifar10, a name such as timm/resnet50.a1_in1k, a file, a URL, or the folder of a training (default: the ResNet-20 of the package)',
    )
    .option('--model <name>', `${MODEL_NAMES}; without --from it is trained from scratch`)
    .option('--epochs <n>', 'how often to go through the data', positiveInteger)
    .option('--batch-size <n>', 'images of a step', positiveInteger)
    .option('--lr <rate>', 'the highest learning rate', positiveNumber)
    .option('--validation <share|path>', 'a share of the data to hold out, or other data of any such kind')
    .option('--skip-broken', 'leave out images that cannot be decoded')
    .addOption(classesOption())
    .option('--augment <list>', `${augmentationNames.join(', ')}; or none`, listOf(augmentationNames))
    .option('--freeze <list>', 'parts that stay as they are, such as stem,stages.0; or none', parts)
    .option('--reset-head', 'start with a new head though the classes are the same')
    .option('--resume', 'continue from the latest checkpoint of the folder that is whole')
    .option('--seed <n>', 'of everything random', integer, 0);
  addRecipeOptions(command)
    .option(
      '--micro-batch-size <n>',
      'images that go through the network together (default: all)',
      positiveInteger,
    )
    .option('--recompute', 'run blocks again on the way back, to keep less in memory')
    .option(
      '--workers <n>',
      'threads that decode and augment (default: 0 where all images fit into memory, otherwise 1)',
      wholeNumber,
    )
    .option('--checkpoint-every <steps>', 'besides those at the end of every epoch', positiveInteger)
    .option('--tensorboard', 'write events for TensorBoard too: tensorboard --logdir <folder>')
    .addOption(conventionOption("the weights' or the model's"))
    .option('--dropout <rate>', "before the head (default: the model's)", belowOne)
    .option('--stochastic-depth <rate>', 'of the last block of an EfficientNet (default: 0.2)', belowOne)
    .addHelpText('after', modes)
    .action(async (data: string | undefined, options: TrainCommandOptions) => {
      const { runTraining } = await import('./run-training.js');
      await runTraining(data, options);
    });
  return addDownloadOptions(addShapeOptions(addPartOptions(command)));
}

/** How the weights are changed. */
function addRecipeOptions(command: Command): Command {
  return command
    .option(
      '--schedule <name>',
      `${scheduleNames.join(', ')} (default: ${scratchDefaults.schedule})`,
      oneOf(scheduleNames),
    )
    .option('--warm-up <epochs>', 'epochs in which the rate rises (default: 0)', atLeastZero)
    .option(
      '--optimizer <name>',
      `${optimizerNames.join(', ')} (default: ${scratchDefaults.optimizer})`,
      oneOf(optimizerNames),
    )
    .option('--weight-decay <x>', 'of kernels and matrices (default: 0.0001)', atLeastZero)
    .option(
      '--label-smoothing <x>',
      'share of a target that is spread over all classes (default: 0)',
      belowOne,
    )
    .option('--mixup <alpha>', 'mix images and targets', positiveNumber)
    .option('--cutmix <alpha>', 'paste parts of images into others', positiveNumber)
    .option('--average <decay>', 'keep a moving average of the weights, such as 0.999', belowOne)
    .option('--clip <norm>', 'norm that gradients are clipped to', positiveNumber)
    .option(
      '--objective <name>',
      `${objectiveNames.join(', ')}: train on attacked or mixed images (default: plain)`,
      oneOf(objectiveNames),
    )
    .option(
      '--radius <share>',
      'how far the attack may change values of an image from 0 to 1, such as 8/255',
      share,
    );
}

/** Reads a list of parts of a network. */
function parts(text: string): string[] {
  return text === 'none' ? [] : text.split(',');
}
