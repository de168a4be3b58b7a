import { exhaustive, resNets, testModel } from '../helpers/torchvision-models.js';

for (const name of resNets) testModel('cpu', name, { images: 1, trains: exhaustive });
for (const name of ['resnet18_narrow', 'resnet50_narrow']) testModel('cpu', name);
