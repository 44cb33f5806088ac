// The lint keeps three promises of the house: strict types, regular expressions that cannot
// be made to run for ever by a message, and imports that run one way.
import redos from 'eslint-plugin-redos-detector';
import * as regexp from 'eslint-plugin-regexp';
import tseslint from 'typescript-eslint';

/**
 * What each folder of src may import, beside itself. `ground` may be imported from anywhere.
 * The order is that of the way of a message (src/README.md).
 */
const ground = ['errors.ts', 'log.ts', 'config', 'store', 'corpus', 'maildir'];
const may = {
  'errors.ts': [],
  'log.ts': ['errors.ts'],
  config: ['errors.ts', 'log.ts'],
  store: ['errors.ts', 'log.ts', 'config'],
  maildir: ['errors.ts', 'log.ts'],
  corpus: ['errors.ts', 'log.ts', 'maildir'],
  message: [],
  features: ['message'],
  classifier: ['message', 'features'],
  report: ['errors.ts'],
  judge: [...ground, 'message', 'features', 'classifier'],
  filter: [...ground, 'message', 'features', 'classifier', 'judge'],
  rules: ['errors.ts', 'log.ts', 'config', 'maildir'],
  qmail: ['errors.ts', 'log.ts', 'config', 'maildir'],
  import: [...ground, 'message', 'classifier', 'judge'],
  daemon: [...ground, 'message', 'judge', 'filter'],
  doctor: [...ground, 'daemon'],
  cli: [
    ...ground,
    'message',
    'features',
    'classifier',
    'judge',
    'filter',
    'daemon',
    'doctor',
    'rules',
    'qmail',
    'report',
    'import',
  ],
};
const all = Object.keys(may);

const directions = Object.entries(may).map(([place, allowed]) => {
  const forbidden = all.filter((other) => other !== place && !allowed.includes(other));
  return {
    files: [place.endsWith('.ts') ? `src/${place}` : `src/${place}/**/*.ts`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: `^(?:\\.\\./)+(?:${forbidden.map((name) => name.replace('.', '\\.')).join('|')})(?:/|$)`,
              message: `src/${place} may import only: ${allowed.join(', ') || 'nothing of src'}.`,
            },
          ],
        },
      ],
    },
  };
});

export default tseslint.config(
  { ignores: ['dist', 'node_modules', 'coverage'] },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked, regexp.configs['flat/recommended']],
    plugins: { 'redos-detector': redos },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      'redos-detector/no-unsafe-regex': ['error', { ignoreError: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
    },
  },
  ...directions,
);
