import { testModel } from '../helpers/torchvision-models.js';

testModel({ cpu: { trains: false }, simd: {} }, 'resnext50_narrow');
testModel({ simd: {} }, 'wide_resnet50_narrow');
testModel({ simd: { trains: false } }, 'efficientnet_v2_s');
testModel({ simd: { trains: false } }, 'seresnet18', 'timm');

for (const name of ['resnet18d', 'resnet50d', 'resnetrs50', 'seresnext26d_32x4d', 'tf_efficientnetv2_b0']) {
  testModel({ simd: {} }, name, 'timm');
}
