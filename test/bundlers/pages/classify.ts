import { buildResNet, classify } from 'skipscale';

const model = await buildResNet(20, { weights: 'cifar10' });
const [best] = await classify(model, '/cat.jpg');
document.body.textContent = best.label;
