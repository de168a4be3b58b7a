/** @type {import('vite').UserConfig} */
export default {
  build: {
    // TensorFlow.js is more than the 500 kB of which Vite warns.
    chunkSizeWarningLimit: 1000,
    rollupOptions: {
      input: ['index.html', 'small/index.html'],
      // Only for measuring: the build without TensorFlow.js.
      external: process.env.WITHOUT_TENSORFLOW ? /@tensorflow\// : [],
    },
  },
};
