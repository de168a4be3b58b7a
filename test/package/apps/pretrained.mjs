import { classify, pretrained } from 'skipscale';

const model = await pretrained('resnet20');
const [{ label }] = await classify(model, process.argv[2]);
console.log(label);
