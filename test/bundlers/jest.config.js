import base from '../../jest.config.js';

/** Tests of the packed tarball in small apps, one for each bundler. */
export default {
  ...base,
  rootDir: '../..',
  testMatch: ['<rootDir>/test/bundlers/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  setupFiles: [],
  setupFilesAfterEnv: [],
};
