export { compose, type Augmentation } from './augmentation.js';
export { padAndCrop, randomResizedCrop, type RandomResizedCropOptions } from './crop.js';
export { randomErasing, type RandomErasingOptions } from './erase.js';
export { randomFlip } from './flip.js';
