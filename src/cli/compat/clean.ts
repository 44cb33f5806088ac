/**
 * `dspam_clean [-s[AGE]] [-p[AGE]] [-u[ANY,HAPAX,NOSPAM,ONEHIT]] [USER…]`: signatures that have expired go, and tokens that are old and say
 * little (judge/token-purge.ts), in slices between which mail is judged (capture 74).
 *
 * A signature says itself when it expires (the setting signatureDays), so `-s` of any age but 0 removes those; `-s0` is refused. `-p0` and ages of 0 behind `-u`
 * take tokens of any age, as with DSPAM.
 */
import { configured, say, usage } from './words.ts';
import type { Settings } from '../../config/settings.ts';
import { purgeTokens } from '../../judge/token-purge.ts';
import { eachUser, userName, withKnownUser } from '../../judge/users.ts';
import { patience } from '../command.ts';

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
  say('dspam_clean starting');
  const now = Math.floor(Date.now() / 1000);
  const cleaning = { ...config, settings: { ...config.settings, ...purgeAges(options) } };
  for await (const name of users.length > 0 ? users : eachUser(config)) {
    say(`PROCESSING USER: ${userName(name, config)}`, ...linesOf(options));
    if (options.has('s')) await withKnownUser(config, name, patience, (store) => store.purge(now));
    if (options.has('p') || options.has('u')) await purgeTokens(cleaning, name, Math.floor(now / 86_400));
  }
}

/** The settings of the purge of tokens; where an option is not given, nothing goes for its reasons. */
function purgeAges(options: ReadonlyMap<string, readonly number[]>): Partial<Settings> {
  const [neutral] = options.get('p') ?? [];
  const [any, hapax, nospam, onehit] = options.get('u') ?? [];
  // An age of 0 is any age here, and never there.
  const limit = (age: number | undefined): number => (age === undefined ? 0 : age === 0 ? -1 : age);
  return {
    purgeNeutral: limit(neutral),
    purgeUnused: limit(any),
    purgeHapaxes: limit(hapax),
    purgeHits1S: limit(nospam),
    purgeHits1I: limit(onehit),
  };
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
