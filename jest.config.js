// Jest's workers are as many as processors already: one thread each.
process.env.SKIPSCALE_THREADS ??= '1';
// Tests of WebGPU run on SwiftShader, the software driver in Debian's chromium.
process.env.VK_DRIVER_FILES ??= '/usr/lib/chromium/vk_swiftshader_icd.json';
process.env.XDG_RUNTIME_DIR ??= '/tmp';

/** @type {import('jest').Config} */
export default {
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  // These need the built package: npm run test:package and npm run test:bundlers.
  testPathIgnorePatterns: ['/node_modules/', '/test/package/', '/test/browser/', '/test/bundlers/'],
  transform: {
    '\\.[jt]s$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' } },
    ],
  },
  // tfjs-core's gradients exist only as ESM files next to its CommonJS bundle, and hyparquet and what fastify's tests take are ESM alone.
  transformIgnorePatterns: ['/node_modules/(?!@tensorflow/tfjs-core/dist/(?!tf-core)|hyparquet|cookie/)'],
  moduleNameMapper: {
    '^skipscale$': '<rootDir>/src/index.ts',
    '^#backends$': '<rootDir>/src/backends/default.node.ts',
    '^#decode-image$': '<rootDir>/src/vision/decode-image.node.ts',
    '^#gradients$': '<rootDir>/src/backends/gradients.ts',
    '^#fetch$': '<rootDir>/src/core/fetch.node.ts',
    '^#gpu$': '<rootDir>/src/backends/webgpu/gpu.node.ts',
    '^#h5wasm$': '<rootDir>/src/weights/formats/h5wasm.node.ts',
    '^#open-archive$': '<rootDir>/src/training/data/open-archive.node.ts',
    '^#read-file$': '<rootDir>/src/core/read-file.node.ts',
    '^h5wasm$': '<rootDir>/test/helpers/h5wasm.cjs',
    '^webgpu$': '<rootDir>/test/helpers/dawn.cjs',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  setupFiles: ['<rootDir>/test/helpers/setup.ts'],
  setupFilesAfterEnv: ['<rootDir>/test/helpers/setup-after.ts'],
  // Looking a global up is slow in jest's sandbox, and inner loops do it.
  sandboxInjectedGlobals: ['Math'],
  // Jest leaves one processor free otherwise.
  maxWorkers: '100%',
  testTimeout: 120_000,
};
