import { buildResNet } from 'skipscale';

const model = buildResNet(18);
document.body.textContent = model.architecture.name;
