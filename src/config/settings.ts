/**
 * The settings of a site: what tamis.toml and `--set KEY=VALUE` may say, with their defaults.
 *
 * One flat table of keys. A key that is not here is an error that names the nearest one, so that a misspelt
 * setting never goes unnoticed.
 */
import * as v from 'valibot';
import { TamisError } from '../errors.ts';
import { nextHopOf, nextHopSyntax, type NextHop } from './next-hop.ts';

const yes: readonly string[] = ['on', 'true'];
const flag = v.union([
  v.boolean(),
  v.pipe(
    v.picklist([...yes, 'off', 'false']),
    v.transform((word) => yes.includes(word)),
  ),
]);

/** A number, also as the words of a command line. `v.number()` refuses NaN. */
function amount(from: number, to: number) {
  const range = v.pipe(v.number(), v.minValue(from), v.maxValue(to));
  return v.union([range, v.pipe(v.string(), v.nonEmpty(), v.transform(Number), range)]);
}

/** Lower-cases a word before it is looked up in a list, because DSPAM's own values are not case-sensitive. */
function word<const Words extends readonly string[]>(words: Words) {
  return v.pipe(v.string(), v.toLowerCase(), v.picklist(words));
}

/** The mode of a file, as chmod takes it: `0660`. */
const octal = v.pipe(
  v.string(),
  v.regex(/^[0-7]{3,4}$/),
  v.transform((digits) => Number.parseInt(digits, 8)),
);

/** Where LMTP hands on to. */
const nextHop = v.pipe(
  v.string(),
  v.rawTransform(({ dataset, addIssue, NEVER }): NextHop => {
    const found = nextHopOf(dataset.value);
    if (found !== undefined) return found;
    addIssue({ message: `it can be ${nextHopSyntax}` });
    return NEVER;
  }),
);

/** A list of words: an array, or one word after another with commas between. */
function words<const Words extends readonly string[]>(known: Words) {
  const list = v.pipe(v.array(word(known)), v.minLength(1));
  const line = v.pipe(
    v.string(),
    v.transform((said) => said.split(',').map((part) => part.trim())),
  );
  return v.union([list, v.pipe(line, list)]);
}

/** Domains, in lower case; an empty list or line: none. */
const listed = v.pipe(
  v.union([
    v.array(v.string()),
    v.pipe(
      v.string(),
      v.transform((said) => said.split(',')),
    ),
  ]),
  v.transform((all) => all.map((one) => one.trim()).filter((one) => one !== '')),
);

const fieldNames = v.pipe(
  listed,
  v.array(
    v.pipe(
      v.string(),
      v.regex(/^[\x21-\x39\x3b-\x7e]+$/, 'it can be of names of header fields, such as X-Spam-Status'),
    ),
  ),
);

const domains = v.pipe(
  listed,
  v.transform((all) => all.map((one) => one.toLowerCase())),
  v.array(v.pipe(v.string(), v.regex(/^[^\s@,]+$/, 'it can be of domains, such as example.com'))),
);

/** The settings that a user may have otherwise (judge/preferences.ts): DSPAM's preferences, by its names, its blocklist, and one of our own. */
export const preferenceNames = [
  'trainingMode',
  'spamAction',
  'spamSubject',
  'tagSpam',
  'tagNonspam',
  'statisticalSedation',
  'enableBNR',
  'enableWhitelist',
  'signatureLocation',
  'showFactors',
  'optIn',
  'optOut',
  'whitelistThreshold',
  'processorBias',
  'trainPristine',
  'ignoreGroups',
  'takeOver',
  'blocklist',
] as const;

/** The name of one of them. */
export type PreferenceName = (typeof preferenceNames)[number];

/** Names of preferences, whatever their case; an empty list: none. */
const preferenceList = v.pipe(
  listed,
  v.rawTransform(({ dataset, addIssue, NEVER }): PreferenceName[] => {
    const found = dataset.value.map((name) =>
      preferenceNames.find((one) => one.toLowerCase() === name.toLowerCase()),
    );
    const known = found.filter((name) => name !== undefined);
    if (known.length === found.length) return known;
    addIssue({ message: `it can be of ${preferenceNames.join(', ')}` });
    return NEVER;
  }),
);

/** The settings in force. */
export interface Settings {
  /** The backend: `level`, or `memory` for trials. */
  readonly store: string;
  /** Whether `Joe@Example.ORG` and `joe@example.org` are one user. */
  readonly lowerCaseUsers: boolean;
  /** Whether the first message for an unknown user creates that user. */
  readonly createUsers: boolean;
  /** DSPAM's training modes; what each learns of the mail that passes is said in judge/modes.ts. */
  readonly trainingMode: 'toe' | 'teft' | 'tum' | 'notrain';
  /** How many missed spams a lost ham costs: a message is spam only at better odds than that. */
  readonly hamCost: number;
  /** How many bytes of a message are held and judged: 4 KiB to 16 MiB. */
  readonly prefixBytes: number;
  /** Seconds that a judgement may take before the message passes unjudged. */
  readonly deadline: number;
  /** Where the signature goes: a header field, or also a footer in each text part. */
  readonly signatureLocation: 'headers' | 'message';
  /** What becomes of spam that `--deliver=innocent` does not let out: kept, or let out, marked by a word in its subject or as it is. */
  readonly spamAction: 'quarantine' | 'tag' | 'deliver';
  /** What `spamAction = "tag"` puts before the subject of spam. */
  readonly spamSubject: string;
  /** Whether each text part says what HOME/txt/msgtag.spam, or msgtag.nonspam, says. */
  readonly tagSpam: boolean;
  readonly tagNonspam: boolean;
  /** The Maildirs of quarantined spam, by user: a path with `%u`, or `%n` and `%d` (filter/quarantine.ts); else they are below the home. */
  readonly quarantine?: string | undefined;
  /** Whose mail is judged: of users who have not opted out, or of those who have opted in only. */
  readonly opt: 'in' | 'out';
  readonly optIn: boolean;
  readonly optOut: boolean;
  /** Domains whose mail is spam (judge/blocklist.ts). */
  readonly blocklist: readonly string[];
  /** DSPAM's group file (judge/groups.ts); else it is `group` in the home. */
  readonly groupFile?: string | undefined;
  readonly ignoreGroups: boolean;
  /** The settings that users may have otherwise. */
  readonly allowOverride: readonly PreferenceName[];
  /** Whether no signatures are made, because users correct with the message itself. */
  readonly trainPristine: boolean;
  /** Days that a signature can be used for retraining. */
  readonly signatureDays: number;
  /** Whether X-DSPAM-Factors names the strongest features. */
  readonly showFactors: boolean;
  /** Bytes of a message that the daemon takes at most. */
  readonly messageBytes: number;
  /** Threads of the daemon that judge; 0: one for each core. */
  readonly workers: number;
  /** Bytes of memory for the users that the daemon keeps warm. */
  readonly cacheBytes: number;
  /** Connections that the daemon serves at once; more wait. */
  readonly connections: number;
  /** Secrets by ident, of clients that speak DLMTP: DSPAM's ServerPass.IDENT. */
  readonly serverPass: Readonly<Record<string, string>>;
  /** Mode of the daemon's Unix sockets: who can connect acts for any user. */
  readonly socketMode: number;
  /** The group that may connect to them by that mode; without it the daemon's own. */
  readonly socketGroup?: string | undefined;
  /** Where the daemon's LMTP hands a judged message on to; without it there is no LMTP. */
  readonly lmtpNext?: NextHop | undefined;
  /** What of a recipient is the user's name: the whole address, or the local part. */
  readonly lmtpUser: 'address' | 'local';
  /** What ends the local part of a user whom mail comes for, such as `+` in `joe+lists@example.org`; empty: nothing does. */
  readonly recipientDelimiter: string;
  /** The Maildir++ folder of spam, where `lmtpNext` is a Maildir. */
  readonly spamFolder: string;
  /** What LMTP does with a message that cannot be judged: it passes unjudged, or the client is to try again later. */
  readonly onError: 'pass' | 'defer';
  /** What judges: tamis' own model, or DSPAM's algorithms on DSPAM's tokens. */
  readonly engine: 'tamis' | 'dspam';
  /** Whether users whose tokens were imported are judged by DSPAM's engine until the model is measurably better, whatever `engine` says (judge/contest.ts). What follows is for DSPAM's engine. */
  readonly takeOver: boolean;
  readonly tokenizer: 'word' | 'chain' | 'osb' | 'sbph';
  /** Names of header fields that are no tokens, whatever their case: DSPAM's IgnoreHeader. */
  readonly ignoreHeaders: readonly string[];
  /** Any that says spam wins. */
  readonly algorithms: readonly ('naive' | 'graham' | 'burton' | 'robinson' | 'chi-square')[];
  readonly pValue: 'bcr' | 'robinson' | 'markov';
  /** Whether innocent hits count twice. */
  readonly processorBias: boolean;
  /** 0 to 10: how much evidence is asked for while a user has little innocent mail. */
  readonly statisticalSedation: number;
  /** Whether tokens out of their context are left out (Bayesian noise reduction). */
  readonly enableBNR: boolean;
  /** Whether a sender of innocent mail only is let through once it has sent more than the threshold. */
  readonly enableWhitelist: boolean;
  readonly whitelistThreshold: number;
  /** Days after which `tamis purge` removes a token that was not seen again (judge/token-purge.ts); 0: never. */
  readonly purgeUnused: number;
  readonly purgeNeutral: number;
  readonly purgeHapaxes: number;
  readonly purgeHits1S: number;
  readonly purgeHits1I: number;
}

const entries = {
  store: v.optional(v.string(), 'level'),
  lowerCaseUsers: v.optional(flag, true),
  createUsers: v.optional(flag, false),
  trainingMode: v.optional(word(['toe', 'teft', 'tum', 'notrain']), 'teft'),
  hamCost: v.optional(amount(1, 1_000_000), 10),
  prefixBytes: v.optional(amount(4096, 16 * 1024 * 1024), 256 * 1024),
  deadline: v.optional(amount(0.05, 60), 5),
  signatureLocation: v.optional(word(['headers', 'message']), 'headers'),
  spamAction: v.optional(word(['quarantine', 'tag', 'deliver']), 'quarantine'),
  spamSubject: v.optional(
    v.pipe(v.string(), v.regex(/^[\x21-\x7e](?:[\x20-\x7e]{0,62}[\x21-\x7e])?$/)),
    '[SPAM]',
  ),
  tagSpam: v.optional(flag, false),
  tagNonspam: v.optional(flag, false),
  quarantine: v.optional(v.pipe(v.string(), v.regex(/^\/.*%[un]/))),
  opt: v.optional(word(['in', 'out']), 'out'),
  optIn: v.optional(flag, false),
  optOut: v.optional(flag, false),
  blocklist: v.optional(domains, () => []),
  groupFile: v.optional(v.pipe(v.string(), v.startsWith('/'))),
  ignoreGroups: v.optional(flag, false),
  allowOverride: v.optional(preferenceList, preferenceNames.join(',')),
  trainPristine: v.optional(flag, false),
  signatureDays: v.optional(amount(1, 365), 14),
  showFactors: v.optional(flag, false),
  messageBytes: v.optional(amount(1024, 2 ** 40), 128 * 1024 * 1024),
  workers: v.optional(amount(0, 256), 0),
  cacheBytes: v.optional(amount(0, 2 ** 40), 48 * 1024 * 1024),
  connections: v.optional(amount(1, 10_000), 64),
  serverPass: v.optional(v.record(v.string(), v.string()), {}),
  socketMode: v.optional(octal, '0660'),
  socketGroup: v.optional(v.pipe(v.string(), v.regex(/^[^\s:]+$/))),
  lmtpNext: v.optional(nextHop),
  lmtpUser: v.optional(word(['address', 'local']), 'address'),
  recipientDelimiter: v.optional(v.pipe(v.string(), v.regex(/^[^\s@\p{C}]*$/u)), ''),
  spamFolder: v.optional(v.pipe(v.string(), v.regex(/^(?:\.[^./\0]+)+$/)), '.Spam'),
  onError: v.optional(word(['pass', 'defer']), 'pass'),
  engine: v.optional(word(['tamis', 'dspam']), 'tamis'),
  takeOver: v.optional(flag, true),
  tokenizer: v.optional(word(['word', 'chain', 'osb', 'sbph']), 'chain'),
  ignoreHeaders: v.optional(fieldNames, () => []),
  algorithms: v.optional(words(['naive', 'graham', 'burton', 'robinson', 'chi-square']), 'graham,burton'),
  pValue: v.optional(word(['bcr', 'robinson', 'markov']), 'bcr'),
  processorBias: v.optional(flag, true),
  statisticalSedation: v.optional(amount(0, 10), 5),
  enableBNR: v.optional(flag, false),
  enableWhitelist: v.optional(flag, true),
  whitelistThreshold: v.optional(amount(0, 1_000_000), 10),
  purgeUnused: v.optional(amount(0, 65_535), 90),
  purgeNeutral: v.optional(amount(0, 65_535), 90),
  purgeHapaxes: v.optional(amount(0, 65_535), 30),
  purgeHits1S: v.optional(amount(0, 65_535), 15),
  purgeHits1I: v.optional(amount(0, 65_535), 15),
};

const schema: v.GenericSchema<unknown, Settings> = v.strictObject(entries);

/** What a configuration file or the command line said, unchecked. */
export type RawSettings = Readonly<Record<string, unknown>>;

/** The names of all settings. */
export const settingNames: readonly string[] = Object.keys(entries);

/**
 * Checks settings and fills in the defaults.
 *
 * @param raw Keys and values as read.
 * @param origin Where they come from, for the error: a file name or `--set`.
 * @throws TamisError CONFIG that names the key and what it takes.
 */
export function checkSettings(raw: RawSettings, origin: string): Settings {
  const result = v.safeParse(schema, raw);
  if (result.success) return result.output;
  const issue = result.issues[0];
  const key = v.getDotPath(issue) ?? '';
  const sentence = settingNames.includes(key)
    ? `${key} cannot be ${JSON.stringify(raw[key])}: ${issue.message}`
    : `there is no setting ${JSON.stringify(key)}; the settings are ${settingNames.join(', ')}`;
  throw new TamisError('CONFIG', `${origin}: ${sentence}`);
}
