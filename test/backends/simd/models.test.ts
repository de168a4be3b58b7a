import { efficientNets, resNets, testModel } from '../../helpers/torchvision-models.js';

for (const name of [...resNets, ...efficientNets]) testModel('simd', name);
