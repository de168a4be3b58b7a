import { efficientNetPyTorch } from './efficientnet-pytorch.js';
import { huggingFace } from './huggingface.js';
import { keras } from './keras.js';
import { modulePaths, type NameMap } from './name-map.js';
import { timm } from './timm.js';
import { cifarResNet, torchvision } from './torchvision.js';

/** Every known source; of two with the same names for a model, the first is recognised. */
export const nameMaps: readonly NameMap[] = [
  torchvision,
  timm,
  huggingFace,
  keras,
  cifarResNet,
  efficientNetPyTorch,
  modulePaths,
];
