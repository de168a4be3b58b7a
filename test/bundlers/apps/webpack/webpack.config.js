/** Leaves TensorFlow.js out, by whatever name it is imported. */
const withoutTensorFlow = async ({ context, request, getResolve }) =>
  (await getResolve()(context, request)).includes('@tensorflow') ? request : undefined;

/** @type {import('webpack').Configuration} */
export default {
  mode: 'production',
  entry: { classify: './classify.js', small: './small.js' },
  // TensorFlow.js is more than the 250 kB of which webpack warns.
  performance: { maxAssetSize: 1_000_000, maxEntrypointSize: 1_000_000 },
  // Only for measuring: the build without TensorFlow.js.
  externals: process.env.WITHOUT_TENSORFLOW ? withoutTensorFlow : [],
  externalsType: 'global',
};
