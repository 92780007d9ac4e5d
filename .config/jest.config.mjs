/**
 * One configuration for every project. Node runs the sources as ES modules in production, so jest does the same
 * (`--experimental-vm-modules`); swc only strips the types.
 */
export default {
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/test-output/'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2024' },
        module: { type: 'es6' },
      },
    ],
  },
  testTimeout: 30_000,
  // Suites share one broker and one database; each names its own vhost and databases, so two may run at once.
  maxWorkers: 2,
};
