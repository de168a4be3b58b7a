import { efficientNets, exhaustive, testModel } from '../helpers/torchvision-models.js';

for (const name of efficientNets) testModel('cpu', name, { images: 1, trains: exhaustive });
testModel('cpu', 'efficientnet_narrow');
