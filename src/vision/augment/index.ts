export { compose, type Augmentation } from './augmentation.js';
export { autoAugment } from './auto-augment.js';
export { colorJitter, type ColorJitterOptions } from './color.js';
export { padAndCrop, randomResizedCrop, type RandomResizedCropOptions } from './crop.js';
export { randomErasing, type RandomErasingOptions } from './erase.js';
export { randomFlip } from './flip.js';
export { randAugment, type RandAugmentOptions } from './rand-augment.js';
