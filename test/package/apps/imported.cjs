async function name(photo) {
  const { buildResNet, classify } = await import('skipscale');
  const model = await buildResNet(20, { weights: 'cifar10' });
  const [{ label }] = await classify(model, photo);
  console.log(label);
}

void name(process.argv[2]);
