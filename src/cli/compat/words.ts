/** The command lines of DSPAM's programs: short options in one word (`-HS`), and beside them the common options of tamis. */
import { loadConfig, actAsOwner, type Config } from '../../config/load.ts';
import { TamisError } from '../../errors.ts';
import { writeAll } from '../../filter/output.ts';
import { commonOptions } from '../words.ts';

/** A command line without the options that tell where everything is. */
export interface CompatWords {
  readonly config: Config;
  readonly argv: readonly string[];
}

/**
 * Takes `--home`, `--config` and `--set` out of a command line, with `=` or a blank, and loads the configuration. DSPAM's `--profile` is
 * passed over. A program that root runs goes on as the owner of the home.
 *
 * @throws TamisError CONFIG or USAGE.
 */
export function configured(argv: readonly string[]): CompatWords {
  const given: Record<string, string[]> = { home: [], config: [], set: [] };
  const rest: string[] = [];
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? '';
    const [name = '', value] = word.startsWith('--') ? parted(word.slice(2)) : [];
    if (Object.hasOwn(commonOptions, name)) given[name]?.push(value ?? argv[++at] ?? '');
    else if (name !== 'profile') rest.push(word);
  }
  const config = loadConfig({
    home: given['home']?.at(-1),
    config: given['config']?.at(-1),
    set: given['set'],
  });
  actAsOwner(config.home);
  return { config, argv: rest };
}

/** Parts options of one letter from other words. Letters may stand together; `--` and a word of another kind end nothing. */
export function letters(
  argv: readonly string[],
  known: string,
): { options: ReadonlySet<string>; words: readonly string[] } {
  const options = new Set<string>();
  const words: string[] = [];
  for (const word of argv) {
    if (!word.startsWith('-') || word === '-') {
      words.push(word);
      continue;
    }
    for (const letter of word.slice(1)) {
      if (!known.includes(letter)) throw usage(`there is no option ${word}`);
      options.add(letter);
    }
  }
  return { options, words };
}

/** An error of a command line. */
export function usage(sentence: string): TamisError {
  return new TamisError('USAGE', `Wrong command line: ${sentence}.`);
}

/** Prints lines on stdout. */
export function say(...lines: readonly string[]): void {
  writeAll(1, Buffer.from(lines.map((line) => `${line}\n`).join('')), 'stdout');
}

function parted(word: string): [string, string | undefined] {
  const at = word.indexOf('=');
  return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}
