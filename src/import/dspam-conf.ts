/**
 * A site's dspam.conf as tamis.toml, with a line on what became of each directive.
 *
 * The grammar: `Key value [value…]`, words apart by blanks, held together by double quotes; a `#` begins a comment, or else a `;`, inside quotes too. Keys are not
 * case-sensitive; of those that DSPAM reads once the first counts. What DSPAM takes where a directive is absent is set too, where tamis would take something else.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'smol-toml';
import { checkSettings } from '../config/settings.ts';
import { describe, TamisError } from '../errors.ts';
import { families, rules, takePreference, type Rule, type Settled } from './dspam-directives.ts';
import { preferencesOfFile } from './preferences.ts';

/** A directive, as a line has it. */
interface Directive {
  readonly line: number;
  readonly text: string;
  readonly key: string;
  readonly values: readonly string[];
}

/** What DSPAM takes where its configuration says nothing, and tamis would take something else. */
const absent: Readonly<Record<string, unknown>> = {
  engine: 'dspam',
  createUsers: true,
  enableWhitelist: false,
  enableBNR: false,
  tokenizer: 'word',
  processorBias: false,
};

/** What the settings need to say beside what dspam.conf says. */
interface Places {
  /** The home of tamis. */
  readonly home?: string | undefined;
  /** Where a copy of DSPAM's group file will be, if there is one; undefined: DSPAM's own is used. */
  readonly groupFile?: string;
}

/** A site's configuration. */
export interface SiteConfiguration {
  /** The text of tamis.toml. */
  readonly toml: string;
  /** What the copy of the group file says; undefined if there is none. */
  readonly groups: Uint8Array | undefined;
}

/** Reads dspam.conf. @throws TamisError INPUT if it, or the group file that it names, cannot be read. */
export function tomlOf(file: string, { home, groupFile }: Places = {}): SiteConfiguration {
  const settings = new Map<string, unknown>();
  let touched: string[] = [];
  const settled: Settled = {
    get: (name) => settings.get(name),
    set: (name, value) => {
      if (!isPossible(name, value)) return false;
      settings.set(name, value);
      touched.push(name);
      return true;
    },
  };
  const seen = new Set<string>();
  const told: string[] = [];
  const tell = (origin: string, sentence: string | undefined): void => {
    const became = [...new Set(touched)].map((name) => `${name} = ${JSON.stringify(settings.get(name))}`);
    const what = [...became, ...(sentence === undefined ? [] : [sentence])].join('; ');
    told.push(`# ${origin}`, `#     ${what === '' ? 'As it is anyhow.' : what}`);
    touched = [];
  };
  const directives = directivesOf(file);
  const [sitePreferences, preferences] = sitePreferencesOf(directives);
  for (const directive of directives) {
    const isReplaced = preferences.length > 0 && directive.key.toLowerCase() === 'preference';
    const sentence = isReplaced
      ? printable(`Not taken: what ${sitePreferences} says stands in the place of all of these.`)
      : take(directive, settled, seen);
    tell(`${directive.line}: ${directive.text}`, sentence);
  }
  for (const [name, value] of preferences)
    tell(printable(`${sitePreferences}: ${name}=${value}`), takePreference(name, value, settled));
  for (const [name, value] of Object.entries(absent)) {
    if (settings.has(name)) continue;
    settings.set(name, value);
    told.push(`# Not said there: ${name} = ${JSON.stringify(value)}, as DSPAM has it.`);
  }
  const theirs = settings.get('groupFile');
  const groups = groupFile !== undefined && typeof theirs === 'string' ? groupsIn(theirs) : undefined;
  if (groups !== undefined) {
    settings.set('groupFile', groupFile);
    told.push(`# Of the group file there is a copy: groupFile = ${JSON.stringify(groupFile)}`);
  }
  const head = `# Made from ${file} by tamis import dspam. Its directives, with their lines, and what became of each:\n#`;
  const all = {
    ...(home === undefined ? {} : { home: path.resolve(home) }),
    ...Object.fromEntries(settings),
  };
  return { toml: `${[head, ...told].join('\n')}\n\n${stringify(all)}`, groups };
}

function groupsIn(file: string): Uint8Array | undefined {
  return existsSync(file) ? readBytes(file) : undefined;
}

function readBytes(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new TamisError('INPUT', `Cannot read ${file}: ${describe(cause)}.`, { cause });
  }
}

/** The file of the site's own preferences in DSPAM's home, and what it says; nothing where there is none. */
function sitePreferencesOf(directives: readonly Directive[]): [file: string, said: [string, string][]] {
  const home = directives.find(({ key }) => key.toLowerCase() === 'home')?.values[0];
  const file = path.join(home ?? '', 'default.prefs');
  if (home === undefined || !existsSync(file)) return [file, []];
  return [file, preferencesOfFile(Buffer.from(readBytes(file)).toString())];
}

/** Takes a directive; the sentence is what there is to know beyond the settings that it sets. */
function take({ key, values }: Directive, settled: Settled, seen: Set<string>): string | undefined {
  const name = key.toLowerCase();
  const rule = ruleOf(name);
  const again = seen.has(name);
  seen.add(name);
  if (rule === undefined) return 'Not taken: DSPAM has no such directive.';
  if (again && rule.all !== true)
    return 'Not taken: it stands above already, and DSPAM reads the first only.';
  return rule.take(values, settled, key);
}

function ruleOf(name: string): Rule | undefined {
  if (Object.hasOwn(rules, name)) return rules[name];
  return families.find(([beginning]) => name.startsWith(beginning))?.[1];
}

function isPossible(name: string, value: unknown): boolean {
  try {
    checkSettings({ [name]: value }, name);
    return true;
  } catch {
    return false;
  }
}

function directivesOf(file: string): Directive[] {
  const text = Buffer.from(readBytes(file)).toString();
  return text.split('\n').flatMap((line, index) => {
    const comment = line.includes('#') ? line.indexOf('#') : line.indexOf(';');
    const said = (comment < 0 ? line : line.slice(0, comment)).trim();
    const words = wordsOf(said);
    const [key, ...values] = words;
    return key === undefined ? [] : [{ line: index + 1, text: printable(said), key, values }];
  });
}

function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ');
}

/** Words apart by blanks; double quotes hold together. */
function wordsOf(text: string): string[] {
  const words: string[] = [];
  for (const [at, piece] of text.split('"').entries()) {
    if (at % 2 === 1) words.push(piece);
    else words.push(...piece.split(/\s+/).filter((word) => word !== ''));
  }
  return words;
}
