import { testModel } from '../helpers/torchvision-models.js';

testModel('cpu', 'resnext50_narrow', { trains: false });
testModel('simd', 'efficientnet_v2_s', { trains: false });
testModel('simd', 'seresnet18', { trains: false, source: 'timm' });

for (const name of ['resnext50_narrow', 'wide_resnet50_narrow']) testModel('simd', name);

for (const name of ['resnet18d', 'resnet50d', 'resnetrs50', 'seresnext26d_32x4d', 'tf_efficientnetv2_b0']) {
  testModel('simd', name, { source: 'timm' });
}
