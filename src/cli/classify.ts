import { Command } from 'commander';
import { positiveInteger } from './arguments.js';
import type { ClassifyOptions } from './classify-images.js';
import { addDownloadOptions } from './download-options.js';
import { addPartOptions, conventionOption, labelsOption, MODEL_NAMES } from './model-options.js';

/** `skipscale classify IMAGE… [--weights NAME|FILE] [--model NAME]` */
export function classifyCommand(): Command {
  const command = new Command('classify')
    .description('Say what images show.')
    .argument(
      '<image...>',
      'JPEG, PNG, WebP or GIF images: paths, URLs, folders, patterns such as "photos/*.jpg", or - for standard input',
    )
    .option(
      '--weights <name|file>',
      "imagenet, cifar10 or a name such as timm/resnet50.a1_in1k; a folder that train wrote; or a path, a URL or hf://owner/name/file of safetensors, PyTorch or Keras (default: the package's for CIFAR-10)",
    )
    .option('--model <name>', `${MODEL_NAMES} (default: what the weights are of)`)
    .addOption(conventionOption("the weights' or the model's"))
    .addOption(labelsOption())
    .option('--top <n>', 'how many classes to name', positiveInteger, 5)
    .option('--json', 'print JSON')
    .action(async (images: string[], options: ClassifyOptions) => {
      const { classifyImages } = await import('./classify-images.js');
      await classifyImages(images, options);
    });
  return addDownloadOptions(addPartOptions(command));
}
