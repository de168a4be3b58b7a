import base from '../../jest.config.js';

/** Tests of the packed tarball, installed in an empty folder, in Node, in bundles and in a browser. */
export default {
  ...base,
  rootDir: '../..',
  testMatch: ['<rootDir>/test/package/**/*.test.ts', '<rootDir>/test/browser/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  setupFiles: [],
  setupFilesAfterEnv: [],
  globalSetup: '<rootDir>/test/package/install.cjs',
  globalTeardown: '<rootDir>/test/package/remove.cjs',
};
