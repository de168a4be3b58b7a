import { exhaustive, resNets, testModel } from '../helpers/torchvision-models.js';

for (const name of resNets) testModel({ cpu: { images: 1, trains: exhaustive }, simd: {} }, name);
for (const name of ['resnet18_narrow', 'resnet50_narrow']) testModel({ cpu: {} }, name);
