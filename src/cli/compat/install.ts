/**
 * `tamis compat install DIR`: DSPAM's programs by their own names, for command lines that say `dspam`.
 *
 * Each is a shell script of one line that runs this node and this tamis by their absolute paths, so that it works without an
 * environment. What is there already is replaced only if it is such a script: the programs of a DSPAM that still runs stay.
 */
import { chmodSync, existsSync, lstatSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TamisError } from '../../errors.ts';
import { shellQuote } from '../../rules/quote.ts';
import { print, type Command, type CommonArguments } from '../command.ts';
import { dspamNames } from './names.ts';

interface InstallArguments extends CommonArguments {
  dir: string;
}

const mark = '# tamis answers for DSPAM here; written by: tamis compat install';

/** The command. */
export const compatCommand: Command<CommonArguments> = {
  command: 'compat',
  describe: "Stand in for DSPAM's programs.",
  builder: (yargs) => yargs.command(installCommand).demandCommand(1, 'compat takes install DIR'),
  handler: () => undefined,
};

const installCommand: Command<InstallArguments> = {
  command: 'install <dir>',
  describe: `Put ${dspamNames.join(', ')} into a directory.`,
  builder: (yargs) => yargs.positional('dir', { type: 'string', demandOption: true }),
  handler: ({ dir }) => {
    const folder = resolve(dir);
    if (!existsSync(folder)) throw new TamisError('INPUT', `There is no directory ${folder}; make it first.`);
    const paths = dspamNames.map((name) => [name, join(folder, name)] as const);
    for (const [, path] of paths) checkOurs(path);
    for (const [name, path] of paths) put(path, scriptOf(name));
    print(false, undefined, () => paths.map(([, path]) => path));
  },
};

function scriptOf(name: string): string {
  const tamis = fileURLToPath(new URL('./tamis.js', import.meta.url));
  return `#!/bin/sh\n${mark}\nexec ${shellQuote(process.execPath)} ${shellQuote(tamis)} ${name} "$@"\n`;
}

function checkOurs(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (found.isFile() && found.size < 65_536 && readFileSync(path, 'latin1').includes(mark)) return;
  const sentence = `${path} is there and is not from tamis; move it away, or choose a directory that PATH has earlier.`;
  throw new TamisError('INPUT', sentence);
}

function put(path: string, script: string): void {
  const temporary = `${path}.${process.pid}`;
  try {
    writeFileSync(temporary, script, { flag: 'wx' });
    chmodSync(temporary, 0o755);
    renameSync(temporary, path);
  } catch (cause) {
    throw new TamisError('OUTPUT', `${path} cannot be written.`, { cause });
  }
}
