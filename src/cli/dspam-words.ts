/**
 * DSPAM's command line in our words, for the filter, the client and the process mode of DLMTP.
 *
 * What is different in DSPAM's: `--user` and `--rcpt-to` take all words up to one that begins with `-`, and there is one run for each user;
 * `--deliver` may be given again and adds up; features are a list. Under DSPAM's own name (`as` is `dspam`) also: without
 * `--deliver` nothing goes out (capture 16c), and a word that is not known is for the delivery agent, so it is passed over, but said on stderr.
 * Options that have nothing to do here are left out: `--process`, `--debug` (its files filled disks), `--mail-from`, `--rcpt-to`, `--profile`.
 *
 * Words that are ours are left as they are, so that a mistake in them is told as ever. Linear in the words; never throws.
 */
import { typeOf } from './words.ts';

/** By which name the filter was called. */
export type CalledAs = 'tamis' | 'dspam';

/** A command line in our words. */
export interface OurWords {
  /** Without the user. */
  readonly argv: readonly string[];
  /** Each has a run of its own. */
  readonly users: readonly string[];
  /** Words that nobody knows, and options that change nothing here, though somebody might think so. */
  readonly ignored: readonly string[];
}

/** Options of DSPAM that have nothing to do here; `=` ends those that have a value. */
const idle: readonly string[] = ['--process', '--debug', '--nofork', '--mail-from=', '--profile='];

/** What `--feature` turns on, by the first two letters; what it does not name is off. */
const features: Readonly<Record<string, string>> = { no: 'enableBNR', wh: 'enableWhitelist' };

/** What can stand in the list of DSPAM's `--deliver`. */
const deliverable: ReadonlySet<string> = new Set(['innocent', 'nonspam', 'spam', 'summary', 'stdout']);

/** Puts a command line into our words. */
export function inOurWords(argv: readonly string[], as: CalledAs): OurWords {
  const words: string[] = [];
  const users: string[] = [];
  const deliver: string[] = [];
  const ignored: string[] = [];
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? '';
    const next = argv[at + 1];
    if (word === '--' && as === 'tamis') {
      words.push(...argv.slice(at));
      break;
    }
    if (word === '--user' || word === '--rcpt-to') {
      const list = listFrom(argv, at + 1, word === '--user' && as === 'tamis');
      if (word === '--user') users.push(...list.names);
      at = list.last;
    } else if (word.startsWith('--user=') && (as === 'tamis' || users.length === 0)) {
      // A user given again is the one that counts, as with every option of ours.
      users.splice(0, users.length, word.slice('--user='.length));
    } else if (word.startsWith('--deliver=')) deliver.push(word.slice('--deliver='.length));
    else if (word === '--deliver' && next !== undefined) deliver.push(argv[++at] ?? '');
    else if (word.startsWith('--feature=')) words.push(...featureWords(word.slice('--feature='.length)));
    else if (idle.some((one) => (one.endsWith('=') ? word.startsWith(one) : word === one))) {
      if (word.startsWith('--profile=')) ignored.push(word);
    } else if (takesNext(word)) words.push(...argv.slice(at, ++at + 1));
    else if (as === 'dspam' && !isKnown(word)) ignored.push(word);
    else words.push(word);
  }
  return { argv: [...deliverWords(deliver, as), ...words], users, ignored };
}

/** The words for one of the users. */
export function wordsFor(user: string | undefined, argv: readonly string[]): readonly string[] {
  return user === undefined ? argv : [`--user=${user}`, ...argv];
}

/** The names of a list, and where its last word is. An empty word or `--` ends it and belongs to it. */
function listFrom(
  argv: readonly string[],
  start: number,
  whatever: boolean,
): { names: string[]; last: number } {
  const names: string[] = [];
  for (let at = start; at < argv.length; at++) {
    const word = argv[at] ?? '';
    // Our own command line: the next word is the user, whatever it looks like, and `--` begins a command.
    if (whatever && at === start) names.push(word);
    else if (!whatever && (word === '' || word === '--')) return { names, last: at };
    else if (word.startsWith('-') || (whatever && word === '')) return { names, last: at - 1 };
    else names.push(word);
  }
  return { names, last: argv.length - 1 };
}

/** DSPAM's lists are added up; of our own words the last counts. */
function deliverWords(given: readonly string[], as: CalledAs): string[] {
  const last = given.at(-1);
  if (last === undefined) return as === 'dspam' ? ['--deliver=none'] : [];
  const parts = given.flatMap((list) => list.split(','));
  const lists = given.length > 1 && parts.every((part) => deliverable.has(part));
  return [`--deliver=${lists ? parts.join(',') : last}`];
}

/** `no,wh,tb=N` as settings. A feature that is not known is a setting that is not known, and told as such. */
function featureWords(list: string): string[] {
  const named = list.split(',').filter((feature) => feature !== '');
  const on = named.map((feature) => feature.slice(0, 2));
  const known = Object.entries(features).map(
    ([letters, setting]) => `--set=${setting}=${on.includes(letters) ? 'on' : 'off'}`,
  );
  const rest = named.filter((feature) => !Object.hasOwn(features, feature.slice(0, 2)));
  return [...known, ...rest.map((feature) => `--set=${feature.replace(/^tb=/, 'statisticalSedation=')}`)];
}

/** Whether the next word is the value of this one. */
function takesNext(word: string): boolean {
  return word.startsWith('--') && typeOf(word.slice(2)) === 'string';
}

function isKnown(word: string): boolean {
  if (!word.startsWith('--')) return false;
  const [name = ''] = word.slice(2).split('=', 1);
  return typeOf(name) !== undefined;
}
