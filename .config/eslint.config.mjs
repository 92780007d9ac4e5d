import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

/** Who may import whom: app -> (service-kit, messaging, mongo) -> contracts. Testing libraries only from tests and local tooling. */
const boundaries = [
  { sourceTag: 'type:app', onlyDependOnLibsWithTags: ['layer:kit', 'layer:contracts'] },
  { sourceTag: 'layer:kit', onlyDependOnLibsWithTags: ['layer:kit', 'layer:contracts'] },
  { sourceTag: 'layer:contracts', onlyDependOnLibsWithTags: [] },
  {
    sourceTag: 'layer:testing',
    onlyDependOnLibsWithTags: ['layer:testing', 'layer:tooling', 'layer:kit', 'layer:contracts'],
  },
  {
    sourceTag: 'layer:tooling',
    onlyDependOnLibsWithTags: ['layer:testing', 'layer:tooling', 'layer:kit', 'layer:contracts'],
  },
];

const testFiles = ['**/*.test.ts', '**/test/**/*.ts', '**/e2e/**/*.ts', '**/bench/**/*.ts'];

export default tseslint.config(
  { ignores: ['**/node_modules/**', '**/test-output/**', '.nx/**'] },
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname + '/..' },
    },
    plugins: { '@nx': nx },
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        { depConstraints: boundaries, enforceBuildableLibDependency: false, allow: [] },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/only-throw-error': 'off',
      // Services are closures made by factories; nothing uses `this`, so methods may be passed around.
      '@typescript-eslint/unbound-method': 'off',
      'no-console': 'error',
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Only config.ts reads the environment.' },
      ],
    },
  },
  {
    files: ['**/config.ts', 'deploy/**/*.{ts,mjs}', 'libs/testing/**/*.ts', ...testFiles],
    rules: { 'no-restricted-properties': 'off' },
  },
  { files: ['deploy/**/*.{ts,mjs}', '**/bench/**/*.ts'], rules: { 'no-console': 'off' } },
  // Plain JavaScript has no types to check with.
  { files: ['**/*.mjs'], ...tseslint.configs.disableTypeChecked },
  {
    files: testFiles,
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@nx/enforce-module-boundaries': [
        'error',
        { depConstraints: [{ sourceTag: '*', onlyDependOnLibsWithTags: ['*'] }] },
      ],
    },
  },
);
