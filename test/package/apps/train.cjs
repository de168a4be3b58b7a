/**
 * Trains two tiny networks for a few steps. Returns their losses, and how many tensors stay behind.
 * @param {typeof import('@tensorflow/tfjs-core')} tf - The app's own copy.
 * @param {typeof import('skipscale')} skipscale - The copy under test.
 */
exports.train = (tf, { buildEfficientNet, buildResNet, Random }) => {
  const before = tf.memory().numTensors;
  const tiny = { width: 0.1, depth: 0.1, size: 16, dropout: 0 };
  const losses = {
    resnet: lossesOf(buildResNet(20, { width: 0.25, classes: 2 }), 8),
    efficientnet: lossesOf(buildEfficientNet(tiny, { classes: 2 }), 33),
  };
  return { losses, left: tf.memory().numTensors - before };

  function lossesOf(model, size) {
    const x = tf.tensor4d(new Random(1).normalArray(4 * size * size * 3, 1), [4, size, size, 3]);
    const labels = tf.tensor2d([0, 1, 1, 0, 1, 0, 0, 1], [4, 2]);
    const optimizer = tf.train.sgd(0.01);
    const losses = Array.from({ length: 5 }, (_, step) => {
      const context = { training: true, random: new Random(step) };
      return tf.tidy(() => {
        const loss = () => tf.losses.softmaxCrossEntropy(labels, model.forward(x, context));
        return optimizer.minimize(loss, true, model.variables()).dataSync()[0];
      });
    });
    optimizer.dispose();
    model.dispose();
    tf.dispose([x, labels]);
    return losses;
  }
};
