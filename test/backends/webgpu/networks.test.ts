import { WEBGPU } from '../../../src/backends/webgpu/index.js';
import { testModel } from '../../helpers/torchvision-models.js';
import { describeOnWebgpu } from '../../helpers/webgpu.js';

describeOnWebgpu('networks on webgpu', () => {
  for (const name of ['resnet18_narrow', 'resnet50_narrow', 'efficientnet_narrow'])
    testModel({ [WEBGPU]: { images: 1, trains: name !== 'resnet50_narrow' } }, name);
});
