#!/usr/bin/env node
/**
 * The command `tamis`: the filter by default, else one of the commands of cli/. Wiring only.
 *
 * Both are files beside this one in dist/ (src/build.js). The filter is compiled from V8's cache of it if there is one made by this
 * Node; that saves 15 ms a message, and where it does not fit V8 refuses it and compiles as usual.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Script } from 'node:vm';
import type * as filter from './cli/filter.ts';
import { asksDspam, calledAs } from './cli/compat/names.ts';
import { isCommand } from './cli/names.ts';

const { name, argv } = calledAs(process.argv);

/** A CommonJS file of dist/, by way of its cache. It is ASCII (esbuild sees to that), which Latin-1 reads fastest. */
function loadCached(name: string): unknown {
  const filename = join(__dirname, `${name}.js`);
  const module = { exports: {} };
  const script = new Script(
    `(function (exports, require, module, __filename, __dirname) {${readFileSync(filename, 'latin1')}\n})`,
    {
      filename,
      cachedData: readIfThere(join(__dirname, `${name}.cache`)),
    },
  );
  const begin = script.runInThisContext() as (...scope: unknown[]) => void;
  begin(module.exports, require, module, filename, __dirname);
  return module.exports;
}

function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

async function run(): Promise<number> {
  if (name === 'tamis') {
    if (isCommand(argv)) return await (await import('./cli/main.ts')).runCommand(argv);
  } else if ((name !== 'dspam' && name !== 'dspamc') || asksDspam(name, argv)) {
    return await (await import('./cli/main.ts')).runCompat(name, argv);
  }
  const as = name === 'tamis' ? 'tamis' : 'dspam';
  if (name === 'dspamc' || argv.includes('--client'))
    return await (await import('./cli/client.ts')).runClient(argv, as);
  return await (loadCached('filter') as typeof filter).runFilter(argv, as);
}

void run().then((status) => process.exit(status));
