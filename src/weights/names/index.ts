import { parseArchitecture, type Architecture } from '../../models/build-model.js';
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

/** The sources that have such a network. Of a family that is not known here, the paths of its tree alone. */
export function nameMapsOf(architecture: Architecture): readonly NameMap[] {
  if (!parseArchitecture(architecture)) return [modulePaths];
  return nameMaps.filter((map) => map.conventions(architecture).length > 0);
}
