export * from './augment/index.js';
export { classify, type Classifier, type ClassifyOptions } from './classify.js';
export { decodeImage } from '#decode-image';
export { encodePng } from './encode-png.js';
export {
  decodePredictions,
  type Classification,
  type DecodePredictionsOptions,
} from './decode-predictions.js';
export type { BrowserImage, ImageSource, RgbImage } from './image.js';
export { predict, type PredictOptions } from './predict.js';
export { preprocess, preprocessInput, type InputManner } from './preprocess.js';
export { resize, resizeAndCrop } from './resize.js';
export type { Views } from './views.js';
