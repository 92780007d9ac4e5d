/** What counts as used: everything reached from an entry point below. */
const entries = [
  'src/index.ts',
  'src/main.ts',
  'src/migrate.ts',
  '**/*.test.ts',
  'bench/**/*.ts',
  'src/replay/main.ts',
  'chaos/main.ts',
];

export default {
  workspaces: {
    '.': {
      entry: ['.config/*.mjs'],
      project: ['.config/*.mjs'],
      // Called by name from nx.json's targets, by jest from its `transform`, and by Nx to read the npm workspaces.
      ignoreDependencies: ['nx', '@nx/js', '@swc/core', '@swc/jest', 'eslint', 'jest', 'prettier'],
    },
    'apps/*': { entry: entries },
    'libs/*': { entry: entries },
    'deploy/docker': { entry: [...entries, 'src/write-configuration.ts'] },
    'deploy/local': {
      entry: [...entries, 'src/{start,run-tests,run-checks}.ts', 'src/*/main.ts', 'test/owner.ts'],
    },
  },
  // An interface exported beside the function that takes it is there for its readers.
  ignoreExportsUsedInFile: true,
  ignoreBinaries: ['unshare', 'setpriv', 'docker'],
};
