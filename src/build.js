// Builds dist/. A message pays for every byte that is loaded before it is judged, so:
// - the filter is one CommonJS file (10 ms less than ES modules), with V8's code cache of it (15 ms less); the commands beside it
//   are another, loaded when asked for;
// - what few messages need is a file of its own, loaded at its first use (`seldom`).
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
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

/** Backends of the store that few sites have: files of their own, with their packages (which are optional) left where npm put them. */
const backends = {
  'store-sql': 'src/store/sql/open-sql.ts',
  'store-redis': 'src/store/redis/redis-store.ts',
};
const optional = ['kysely', 'pg', 'mysql2', 'better-sqlite3', 'ioredis'];

/** What the entries load when it is asked for. */
const commands = { client: 'src/cli/client.ts', filter: 'src/cli/filter.ts', commands: 'src/cli/main.ts' };

/** Leaves what is imported when it is asked for to the file that it has. */
const apartPlugin = {
  name: 'apart',
  setup({ onResolve }) {
    const files = Object.entries({ ...backends, ...commands }).map(([name, path]) => [resolve(path), name]);
    const names = new Map(files);
    onResolve({ filter: /\.ts$/ }, ({ kind, path, resolveDir }) => {
      const name = kind === 'dynamic-import' ? names.get(resolve(resolveDir, path)) : undefined;
      return name === undefined ? null : { path: `./${name}.js`, external: true };
    });
  },
};

/** Bundles LevelDB's JavaScript; its native part is found where npm put it. */
const nativePlugin = {
  name: 'native',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\.\/binding(\.js)?$/ }, ({ importer }) =>
      importer.includes('classic-level') ? { path: 'binding', namespace: 'native' } : null,
    );
    onLoad({ filter: /.*/, namespace: 'native' }, () => ({
      contents: `module.exports = require('node-gyp-build')(require('node:path').dirname(require.resolve('classic-level/package.json')));`,
      resolveDir: import.meta.dirname,
    }));
  },
};

const common = {
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20.19',
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  logLevel: 'warning',
  outdir: 'dist',
  supported: { 'dynamic-import': false },
};

rmSync('dist', { recursive: true, force: true });
mkdirSync('dist');
writeFileSync('dist/package.json', '{ "type": "commonjs" }\n');

await Promise.all([
  build({
    ...common,
    entryPoints: {
      tamis: 'src/tamis.ts',
      ...commands,
      worker: 'src/daemon/worker.ts',
    },
    banner: {
      js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;",
    },
    define: { 'import.meta.url': 'importMetaUrl' },
    external: [
      'classic-level/package.json',
      'node-sqlite3-wasm',
      'mysql2',
      'pg',
      ...seldom.map(({ name }) => `./${name}.js`),
    ],
    plugins: [seldomPlugin, nativePlugin, apartPlugin],
  }),
  // Compiled anew for each message: short names are read faster.
  build({ ...common, entryPoints: ['src/tamisc.ts'], plugins: [apartPlugin], minifyIdentifiers: true }),
  build({
    ...common,
    entryPoints: Object.fromEntries(seldom.map(({ name, path }) => [name, path])),
  }),
  build({
    ...common,
    entryPoints: backends,
    external: optional,
  }),
]);
for (const command of ['tamis', 'tamisc']) chmodSync(`dist/${command}.js`, 0o755);
cacheFilter();

/**
 * Keeps V8's code cache of the filter beside it (src/tamis.ts loads it), taken after a message has gone through, so that it
 * holds what a message needs. It fits this version of Node only; any other compiles the filter itself.
 */
function cacheFilter() {
  const home = mkdtempSync(join(tmpdir(), 'tamis-build-'));
  const script = `
    const { readFileSync, writeFileSync } = require('node:fs');
    const { Script } = require('node:vm');
    const source = '(function (exports, require, module, __filename, __dirname) {' + readFileSync('dist/filter.js', 'latin1') + '\\n})';
    const script = new Script(source, { filename: 'dist/filter.js' });
    const module_ = { exports: {} };
    script.runInThisContext()(module_.exports, require('node:module').createRequire(process.cwd() + '/dist/'), module_, 'dist/filter.js', 'dist');
    module_.exports
      .runFilter(['--user=build', '--deliver=summary', '--set=createUsers=true', '--home=' + process.argv[1]])
      .then(() => writeFileSync('dist/filter.cache', script.createCachedData()));`;
  const input = 'Subject: build\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\nA message.\n';
  const { status } = spawnSync(process.execPath, ['-e', script, home], {
    input,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  if (status !== 0)
    console.warn('tamis: no code cache was made; every message will cost some milliseconds more');
  rmSync(home, { recursive: true, force: true });
}
