import { sveltekit } from '@sveltejs/kit/vite';

/** @type {import('vite').UserConfig} */
export default {
  plugins: [sveltekit()],
  // TensorFlow.js is more than the 500 kB of which Vite warns.
  build: { chunkSizeWarningLimit: 1000 },
};
