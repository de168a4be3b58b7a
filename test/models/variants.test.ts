import { testEvaluation, testTrainingStep } from '../helpers/torchvision-models.js';

testEvaluation('cpu', 'resnext50_narrow');
testEvaluation('simd', 'efficientnet_v2_s');
testEvaluation('simd', 'seresnet18', 'timm');

for (const name of ['resnext50_narrow', 'wide_resnet50_narrow']) {
  testEvaluation('simd', name);
  testTrainingStep('simd', name);
}

for (const name of ['resnet18d', 'resnet50d', 'resnetrs50', 'seresnext26d_32x4d', 'tf_efficientnetv2_b0']) {
  testEvaluation('simd', name, 'timm');
  testTrainingStep('simd', name, 'timm');
}
