import { efficientNets, exhaustive, testModel } from '../helpers/torchvision-models.js';

for (const name of efficientNets) testModel({ cpu: { images: 1, trains: exhaustive }, simd: {} }, name);
testModel({ cpu: {} }, 'efficientnet_narrow');
