import {
  efficientNets,
  exhaustive,
  testEvaluation,
  testTrainingStep,
} from '../helpers/torchvision-models.js';

const narrow = ['efficientnet_narrow'];

for (const name of [...efficientNets, ...narrow]) testEvaluation('cpu', name);
for (const name of exhaustive ? [...efficientNets, ...narrow] : narrow) testTrainingStep('cpu', name);
