import {
  efficientNets,
  resNets,
  testEvaluation,
  testTrainingStep,
} from '../../helpers/torchvision-models.js';

for (const name of [...resNets, ...efficientNets]) {
  testEvaluation('simd', name);
  testTrainingStep('simd', name);
}
