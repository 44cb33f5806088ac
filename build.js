// Builds dist/. A message pays for every byte that is loaded before it is judged, so:
// - the filter is one CommonJS file (10 ms less than ES modules); the commands beside it are another, loaded when asked for;
// - what few messages need is a file of its own, loaded at its first use (`seldom`).
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';

/** Modules that few messages need, with what is used of them. */
const seldom = [
  // The tables of iconv-lite: 30 ms.
  {
    name: 'charset',
    path: 'libmime/lib/charset.js',
    match: /(^|\/)charset\.js$/,
    from: /libmime|src.message/,
  },
  // For HTML only: 6 ms.
  { name: 'html', path: 'htmlparser2', match: /^htmlparser2$/, from: /src.message/ },
];

/** Puts getters that load the file at their first use in the place of a module. */
const seldomPlugin = {
  name: 'seldom',
  setup({ onResolve, onLoad }) {
    for (const { name, match, from } of seldom) {
      onResolve({ filter: match }, ({ importer }) =>
        from.test(importer) ? { path: name, namespace: 'seldom' } : null,
      );
    }
    onLoad({ filter: /.*/, namespace: 'seldom' }, async ({ path: name }) => {
      const { path } = seldom.find((one) => one.name === name);
      const names = Object.keys(await import(path)).filter((one) => one !== 'default');
      const getters = names.map((one) => `get ${one}() { return load().${one}; }`);
      const contents = `let loaded; const load = () => (loaded ??= require('./${name}.js'));
        module.exports = { __esModule: true, ${getters.join(', ')} };`;
      return { contents, loader: 'js', resolveDir: import.meta.dirname };
    });
  },
};

const common = {
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20.19',
  minifySyntax: true,
  minifyWhitespace: true,
  keepNames: true,
  legalComments: 'none',
  logLevel: 'warning',
  outdir: 'dist',
};

rmSync('dist', { recursive: true, force: true });
mkdirSync('dist');
writeFileSync('dist/package.json', '{ "type": "commonjs" }\n');

await Promise.all([
  build({
    ...common,
    entryPoints: { tamis: 'src/tamis.ts', commands: 'src/cli/main.ts' },
    banner: {
      js: "#!/usr/bin/env node\nconst importMetaUrl = require('node:url').pathToFileURL(__filename).href;",
    },
    define: { 'import.meta.url': 'importMetaUrl' },
    // The native part of LevelDB finds its binary beside its own package.
    external: ['classic-level', './commands.js', ...seldom.map(({ name }) => `./${name}.js`)],
    plugins: [seldomPlugin],
  }),
  build({
    ...common,
    entryPoints: Object.fromEntries(seldom.map(({ name, path }) => [name, path])),
  }),
]);
chmodSync('dist/tamis.js', 0o755);
