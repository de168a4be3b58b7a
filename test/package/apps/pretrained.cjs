const { classify, pretrained } = require('skipscale');

pretrained('resnet20')
  .then((model) => classify(model, process.argv[2]))
  .then(([{ label }]) => console.log(label));
