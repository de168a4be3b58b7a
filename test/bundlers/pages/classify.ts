import { classify, pretrained } from 'skipscale';

const model = await pretrained('resnet20');
const [best] = await classify(model, '/cat.jpg');
document.body.textContent = best.label;
