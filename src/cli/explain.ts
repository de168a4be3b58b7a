import { Command } from 'commander';
import { integer, positiveInteger } from './arguments.js';
import { addDownloadOptions } from './download-options.js';
import type { ExplainImagesOptions } from './explain-images.js';
import { addImages, addNetworkOptions, addPartOptions } from './model-options.js';

/** `skipscale explain IMAGE… [--method NAME] [--out FILE]` */
export function explainCommand(): Command {
  const command = addImages(new Command('explain'))
    .description('Show why a network gives images their classes.')
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
    .action(async (images: string[], options: ExplainImagesOptions) => {
      const { explainImages } = await import('./explain-images.js');
      await explainImages(images, options);
    });
  return addDownloadOptions(addPartOptions(addNetworkOptions(command)));
}
