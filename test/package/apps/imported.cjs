async function name(photo) {
  const { classify, pretrained } = await import('skipscale');
  const model = await pretrained('resnet20');
  const [{ label }] = await classify(model, photo);
  console.log(label);
}

void name(process.argv[2]);
