import { Command } from 'commander';
import { integer, positiveInteger } from './arguments.js';
import { addDownloadOptions } from './download-options.js';
import type { ExplainImagesOptions } from './explain-images.js';
import { addPartOptions, conventionOption, labelsOption, MODEL_NAMES } from './model-options.js';

/** `skipscale explain IMAGE… [--method NAME] [--out FILE]` */
export function explainCommand(): Command {
  const command = new Command('explain')
    .description('Show why a network gives images their classes.')
    .argument(
      '<image...>',
      'JPEG, PNG, WebP or GIF images: paths, URLs, folders, patterns such as "photos/*.jpg", or - for standard input',
    )
    .option(
      '--method <names>',
      'grad-cam, grad-cam-plus-plus, layer-cam, score-cam, input-x-gradient, guided-backpropagation, integrated-gradients, ' +
        'smooth-grad, gradient-shap, occlusion, lime, kernel-shap, rise, several with commas between them, or all',
      'grad-cam',
    )
    .option(
      '--out <path>',
      'a .html page with all pictures side by side; of one image and method a .png file; or a folder for .png files',
      'explanations.html',
    )
    .option('--target <class>', 'the class to explain, its name or number (default: the likeliest)')
    .option(
      '--layer <path>',
      'of the class activation maps: the layer, such as stages.2 (default: the last map)',
    )
    .option(
      '--samples <n>',
      'of the methods that draw at random: how many variants of an image',
      positiveInteger,
    )
    .option('--seed <n>', 'of the random numbers', integer, 0)
    .option(
      '--weights <name|file>',
      "imagenet, cifar10 or a name such as timm/resnet50.a1_in1k; a folder that train wrote; or a path, a URL or hf://owner/name/file of safetensors, PyTorch or Keras (default: the package's for CIFAR-10)",
    )
    .option('--model <name>', `${MODEL_NAMES} (default: what the weights are of)`)
    .addOption(conventionOption("the weights' or the model's"))
    .addOption(labelsOption())
    .action(async (images: string[], options: ExplainImagesOptions) => {
      const { explainImages } = await import('./explain-images.js');
      await explainImages(images, options);
    });
  return addDownloadOptions(addPartOptions(command));
}
