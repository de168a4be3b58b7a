import { buildResNet, classify } from 'skipscale';

const model = await buildResNet(20, { weights: 'cifar10' });
const [{ label }] = await classify(model, process.argv[2]);
console.log(label);
