import commonjs from '@rollup/plugin-commonjs';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import terser from '@rollup/plugin-terser';

/** @type {import('rollup').RollupOptions} */
export default {
  input: ['classify.js', 'small.js'],
  output: { dir: 'dist' },
  // Packages that TensorFlow.js imports, long and seedrandom, are CommonJS.
  plugins: [nodeResolve({ browser: true }), commonjs(), terser()],
  // Only for measuring: the build without TensorFlow.js.
  external: process.env.WITHOUT_TENSORFLOW ? /@tensorflow\// : [],
};
