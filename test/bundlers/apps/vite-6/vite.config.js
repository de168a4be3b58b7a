/** @type {import('vite').UserConfig} */
export default {
  build: {
    // The app has an await at its top level, which Vite 6 does not allow by default.
    target: 'es2022',
    // TensorFlow.js is more than the 500 kB of which Vite warns; Vite 6 leaves its licenses in.
    chunkSizeWarningLimit: 1500,
    rollupOptions: {
      input: ['index.html', 'small/index.html'],
      // Only for measuring: the build without TensorFlow.js.
      external: process.env.WITHOUT_TENSORFLOW ? /@tensorflow\// : [],
    },
  },
};
