/**
 * `dspam_clean [-s[AGE]] [-p[AGE]] [-u[ANY,HAPAX,NOSPAM,ONEHIT]] [USER…]`: signatures that have expired go (capture 74).
 *
 * A signature says itself when it expires (the setting signatureDays), so `-s` of any age but 0 removes those; `-s0` is refused. The store keeps no
 * date of a token, so tokens cannot be told to be old: `-p` and `-u` say so on stderr and remove nothing.
 */
import { configured, say, usage } from './words.ts';
import { forEachUser } from './users.ts';
import { userName } from '../../judge/users.ts';

/** Ages in days, where an option gives none. */
const usual = { s: [14], p: [30], u: [90, 30, 15, 15] } as const;

/** The program. */
export async function runClean(argv: readonly string[]): Promise<void> {
  const { config, argv: rest } = configured(argv);
  const options = new Map<string, readonly number[]>();
  const users: string[] = [];
  for (const word of rest) {
    const [, letter, ages] = /^-([spu])([\d,]*)$/.exec(word) ?? [];
    if (letter === 's' || letter === 'p' || letter === 'u')
      options.set(letter, agesOf(ages ?? '', usual[letter]));
    else if (word.startsWith('-')) throw usage(`there is no option ${word}`);
    else users.push(word);
  }
  if (options.get('s')?.[0] === 0)
    throw usage('-s0 would remove signatures that are still good; lower signatureDays');
  if (options.has('p') || options.has('u'))
    process.stderr.write('dspam_clean: tokens have no date in this store, so none is removed by age.\n');
  say('dspam_clean starting');
  await forEachUser(config, users, async (store, name) => {
    say(`PROCESSING USER: ${userName(name, config)}`, ...linesOf(options));
    if (options.has('s')) await store.purge(Math.floor(Date.now() / 1000));
  });
}

function agesOf(said: string, usualAges: readonly number[]): readonly number[] {
  const ages = said.split(',').map((age) => (age === '' ? undefined : Number(age)));
  return usualAges.map((age, at) => ages[at] ?? age);
}

function linesOf(options: ReadonlyMap<string, readonly number[]>): string[] {
  const [any, hapax, nospam, onehit] = options.get('u') ?? [];
  const lines = [
    ['s', `Processing sigs; age: ${options.get('s')?.[0] ?? ''}`],
    ['p', `Processing probabilities; age: ${options.get('p')?.[0] ?? ''}`],
    // "quota" is DSPAM's word for hapaxes.
    [
      'u',
      `Processing unused; any: ${any ?? ''} quota: ${hapax ?? ''} nospam: ${nospam ?? ''} onehit: ${onehit ?? ''}`,
    ],
  ] as const;
  return lines.flatMap(([option, line]) => (options.has(option) ? [line] : []));
}
