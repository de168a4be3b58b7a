/**
 * Residual and compound-scaled image networks for TypeScript, on TensorFlow.js tensors.
 *
 * @categoryDescription Recognise
 * Begin with {@link pretrained}, which gives a network with published weights, and {@link classify}, which names what an
 * image shows. {@link predict} gives what any network makes of tensors.
 *
 * @categoryDescription Build networks
 * {@link buildModel} takes a name, such as `'resnet50'`; {@link buildResNet} and {@link buildEfficientNet} take sizes.
 *
 * @categoryDescription Load and save weights
 * {@link load} finds the network of a file, {@link load} fills a network that is there, and {@link encode} writes
 * a file. {@link exportOnnx} writes the network too.
 *
 * @categoryDescription Scale and count
 * {@link scaleToBudget} finds the largest network for a budget of parameters, multiply-adds or memory, and counts without
 * building anything.
 *
 * @categoryDescription Train and evaluate
 * {@link fineTune} needs a few photos and no settings. {@link train} is the loop beneath it, over a data set such as
 * {@link folderDataset} opens, and {@link evaluate} measures a network.
 *
 * @categoryDescription Explain
 * {@link gradCam} shows where in an image a network sees a class; {@link integratedGradients}, {@link kernelShap} and the others say
 * what each pixel or part counts.
 *
 * @categoryDescription Judge and calibrate
 * {@link measureCalibration} says whether a network's probabilities can be trusted, and {@link calibrate} mends them.
 *
 * @categoryDescription Extend
 * A network of your own is a {@link Module} that has layers, such as {@link Conv2D}, and blocks, such as
 * {@link ResidualBlock}, in its fields.
 *
 * @categoryDescription Choose a backend
 * {@link ready} waits for a backend, or chooses one.
 *
 * @packageDocumentation
 */
// Only `export *`: bundlers then see that what is not used here leads nowhere, and keep it out of a page's first file.
export * from './backends/index.js';
export * from './blocks/index.js';
export * from './core/index.js';
export * from './explain/index.js';
export * from './graph/index.js';
export * from './layers/index.js';
export * from './models/index.js';
export * from './models/labels/imagenet.js';
export * from './pretrained/index.js';
export * from './robustness/index.js';
export * from './scaling/index.js';
export * from './training/index.js';
export * from './vision/index.js';
export * from './weights/index.js';
