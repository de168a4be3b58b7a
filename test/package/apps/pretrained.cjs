const { buildResNet, classify } = require('skipscale');

buildResNet(20, { weights: 'cifar10' })
  .then((model) => classify(model, process.argv[2]))
  .then(([{ label }]) => console.log(label));
