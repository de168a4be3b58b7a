import { exhaustive, resNets, testEvaluation, testTrainingStep } from '../helpers/torchvision-models.js';

const narrow = ['resnet18_narrow', 'resnet50_narrow'];

for (const name of [...resNets, ...narrow]) testEvaluation('cpu', name);
for (const name of exhaustive ? [...resNets, ...narrow] : narrow) testTrainingStep('cpu', name);
