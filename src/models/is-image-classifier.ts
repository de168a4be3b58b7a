import type { AnyModule } from '../core/module.js';
import type { ImageClassifier } from './image-classifier.js';

/** Whether a module is an image classifier. Not by its class, which is another one in each copy of this library. */
export function isImageClassifier(module: AnyModule): module is ImageClassifier {
  return 'preprocessing' in module && 'architecture' in module && 'convention' in module;
}
