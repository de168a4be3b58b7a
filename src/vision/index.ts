export * from './augment/index.js';
export { classify, type ClassifyOptions } from './classify.js';
export type { Classifier } from './classify-squares.js';
export { decodeImage } from '#decode-image';
export { encodePng } from './encode-png.js';
export {
  decodePredictions,
  type Classification,
  type DecodePredictionsOptions,
} from './decode-predictions.js';
export type { BrowserImage, ImageSource, RgbImage } from './image.js';
export { predict, type PredictOptions } from './predict.js';
export { predictStream, type PredictStreamOptions, type StreamPrediction } from './predict-stream.js';
export { preprocess, preprocessInput, type InputManner } from './preprocess.js';
export { resize, resizeAndCrop } from './resize.js';
export type { Views } from './views.js';
