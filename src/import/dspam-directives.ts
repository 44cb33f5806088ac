/**
 * What becomes of each directive of dspam.conf: the setting that it is here, or why there is none.
 *
 * A directive that DSPAM reads once counts the first time; those of {@link Rule.all} each time.
 */

import { existsSync } from 'node:fs';
import path from 'node:path';
import { preferenceNames, type PreferenceName } from '../config/settings.ts';

/** Gives settings their values. */
export interface Settled {
  /** Sets a setting; false if this tamis has none of this name or it cannot have the value. */
  set(name: string, value: unknown): boolean;
  /** A value that was set before. */
  get(name: string): unknown;
}

/** A directive. */
export interface Rule {
  /** Whether every line counts, not only the first. */
  readonly all?: boolean;
  /** Sets what is to be set; the sentence tells what there is to know beyond that. */
  readonly take: (values: readonly string[], settled: Settled, directive: string) => string | undefined;
}

const notTaken = (why: string): Rule => ({ take: () => `Not taken: ${why}.` });
const isOn = (value: string | undefined): boolean => /^(?:on|yes|true|1)$/i.test(value ?? '');

/** A setting of the same meaning. @param read The value; undefined: it has none here. */
function setting(name: string, read: (value: string) => unknown): Rule {
  return {
    take: ([value = ''], settled) => {
      const taken = read(value);
      return taken !== undefined && settled.set(name, taken) ? undefined : cannot(value);
    },
  };
}

function cannot(value: string): string {
  return `Not taken: tamis has nothing for ${JSON.stringify(value)}.`;
}

/** Days after which something is purged. */
function days(name: string): Rule {
  return setting(name, (value) => (/^off$/i.test(value) ? 0 : Number(value)));
}

/** Adds to a list that is a setting. */
function list(name: string, read: (value: string) => string): Rule {
  return {
    all: true,
    take: (values, settled) => {
      const before = (settled.get(name) as readonly string[] | undefined) ?? [];
      const after = [...new Set([...before, ...values.map(read)])];
      return settled.set(name, after) ? undefined : cannot(values.join(' '));
    },
  };
}

const feature: Rule = {
  all: true,
  take: (values, settled) => {
    const unknown = values.filter((value) => {
      const word = value.toLowerCase();
      if (word.startsWith('no')) return !settled.set('enableBNR', true);
      if (word.startsWith('wh')) return !settled.set('enableWhitelist', true);
      if (word.startsWith('tb=')) return !settled.set('statisticalSedation', Number(word.slice(3)));
      return true;
    });
    return unknown.length === 0 ? undefined : cannot(unknown.join(' '));
  },
};

/** Preferences of DSPAM whose values are words in its own spelling. */
const preferenceValues: Readonly<Record<string, (value: string) => unknown>> = {
  trainingmode: (value) => value.toLowerCase(),
  spamaction: (value) => value.toLowerCase(),
  statisticalsedation: Number,
  whitelistthreshold: Number,
  signaturelocation: (value) => value.toLowerCase(),
  spamsubject: (value) => value,
  blocklist: (value) => value,
};

/** The setting that a preference is, and its value; undefined: none. */
export function preferenceSetting(
  name: string,
  value: string,
): readonly [PreferenceName, unknown] | undefined {
  const known = preferenceNames.find((one) => one.toLowerCase() === name.toLowerCase());
  if (known === undefined) return undefined;
  return [known, (preferenceValues[known.toLowerCase()] ?? isOn)(value)];
}

/** Takes a preference of the site; what there is to know beyond the setting. */
export function takePreference(name: string, value: string, settled: Settled): string | undefined {
  const found = preferenceSetting(name, value);
  return found !== undefined && settled.set(...found) ? undefined : cannot(`${name}=${value}`);
}

const preference: Rule = {
  all: true,
  take: (values, settled) => {
    const sentences = values.flatMap((value) => {
      const at = value.indexOf('=');
      const name = value.slice(0, Math.max(0, at)).trim();
      return takePreference(name, value.slice(at + 1).trim(), settled) ?? [];
    });
    return sentences.length === 0 ? undefined : sentences.join(' ');
  },
};

const broken: Rule = {
  all: true,
  take: (values, settled) => {
    const other = values.filter((value) => {
      const word = value.toLowerCase();
      if (word === 'linestripping') return false;
      return !settled.set(word === 'case' ? 'lowerCaseUsers' : 'returnCodes', true);
    });
    return other.length === 0
      ? undefined
      : `Not taken: ${other.join(' ')}; use what tamis prints, not its exit status.`;
  },
};

const server =
  'the daemon is started with its addresses: tamis serve --socket PATH (examples/systemd, examples/daemontools)';
const database = 'tamis has a store of its own; take the data over with: tamis import dspam --from';
const agent = 'who delivers is on the command line: tamis --deliver=exec -- COMMAND, or a pipe behind tamis';
const external = 'tamis asks no other service about a user or a message';

/** All directives that DSPAM knows, in lower case. */
export const rules: Readonly<Record<string, Rule>> = {
  home: {
    take: ([home = ''], settled) => {
      const groups = path.join(home, 'group');
      if (existsSync(groups) && settled.get('groupFile') === undefined) settled.set('groupFile', groups);
      return `Not taken: tamis has a home of its own. Take this one over with: tamis import dspam --from ${home}`;
    },
  },
  storagedriver: notTaken(`${database} SOURCE`),
  trusteddeliveryagent: notTaken(agent),
  untrusteddeliveryagent: notTaken(agent),
  quarantineagent: notTaken(
    'spam is filed by the rules of your mail host (tamis rules) or kept as spamAction says',
  ),
  deliveryhost: notTaken('the next server is named by lmtpNext, as lmtp:HOST:PORT'),
  deliveryport: notTaken('the next server is named by lmtpNext, as lmtp:HOST:PORT'),
  deliveryident: notTaken('tamis names itself by the name of this machine'),
  deliveryproto: notTaken('LMTP is what tamis speaks (lmtpNext)'),
  enablepluseddetail: {
    take: ([value], settled) =>
      isOn(value) && settled.set('recipientDelimiter', '+') ? undefined : cannot(value ?? ''),
  },
  plusedcharacter: setting('recipientDelimiter', (value) => value),
  pluseduserlowercase: setting('lowerCaseUsers', isOn),
  quarantinemailbox: notTaken('spam is filed by the rules of your mail host (tamis rules)'),
  onfail: notTaken(
    'a message that could not be delivered is offered again by your mail host, and counts once',
  ),
  trust: {
    all: true,
    take: () =>
      'Not taken: whoever can write to the home, or to the socket of the daemon, is trusted (socketMode).',
  },
  debug: {
    all: true,
    take: () => 'Not taken: tamis writes no debug files; see tamis explain and tamis doctor.',
  },
  debugopt: {
    all: true,
    take: () => 'Not taken: tamis writes no debug files; see tamis explain and tamis doctor.',
  },
  classaliasspam: notTaken('classes have one name each'),
  classaliasnonspam: notTaken('classes have one name each'),
  trainingmode: setting('trainingMode', (value) => value.toLowerCase()),
  testconditionaltraining: notTaken('a correction is learned once, whole'),
  feature,
  algorithm: list('algorithms', (value) => value.toLowerCase()),
  tokenizer: setting('tokenizer', (value) => value.toLowerCase().replace('chained', 'chain')),
  pvalue: setting('pValue', (value) => value.toLowerCase()),
  processorbias: setting('processorBias', isOn),
  processorurlcontext: { take: ([value]) => (isOn(value) ? 'Always so.' : cannot(value ?? '')) },
  processorwordfrequency: notTaken('a token counts once a message'),
  improbabilitydrive: notTaken('X-DSPAM-Improbability is always written'),
  preference,
  allowoverride: {
    all: true,
    take: (values, settled) => {
      const known = values.filter((value) => preferenceSetting(value, '') !== undefined);
      // DSPAM knew of no other engine, and did not ask whether a blocklist was allowed.
      const before = (settled.get('allowOverride') as readonly string[] | undefined) ?? [
        'takeOver',
        'blocklist',
      ];
      const taken = settled.set('allowOverride', [...new Set([...before, ...known])]);
      const others = taken ? values.filter((value) => !known.includes(value)) : values;
      return others.length === 0 ? undefined : cannot(others.join(' '));
    },
  },
  ignoreheader: list('ignoreHeaders', (value) => value),
  purgesignatures: setting('signatureDays', (value) => (/^off$/i.test(value) ? undefined : Number(value))),
  purgeneutral: days('purgeNeutral'),
  purgeunused: days('purgeUnused'),
  purgehapaxes: days('purgeHapaxes'),
  purgehits1s: days('purgeHits1S'),
  purgehits1i: days('purgeHits1I'),
  opt: setting('opt', (value) => value.toLowerCase()),
  broken,
  maxmessagesize: notTaken('a message of any size is judged by its beginning (prefixBytes) and passes whole'),
  trainpristine: notTaken('a message without a signature is learned as it comes anyhow'),
  parsetoheaders: notTaken(
    'mail to retrain comes from folders (tamis learn-folders) or by an address of its own (examples/qmail-vpopmail)',
  ),
  changemodeonparse: notTaken('see ParseToHeaders'),
  changeuseronparse: notTaken('see ParseToHeaders'),
  notifications: notTaken('tamis sends no mail'),
  txtdirectory: notTaken(
    'the texts for tagSpam and tagNonspam, msgtag.spam and msgtag.nonspam, are read from txt/ in the home of tamis; copy them there',
  ),
  quarantinewarnsize: notTaken('tamis sends no mail'),
  webstats: notTaken('see tamis stats'),
  systemlog: notTaken('the daemon writes a line a message to stderr, for the journal'),
  userlog: notTaken('the daemon writes a line a message to stderr, for the journal'),
  fallbackdomains: notTaken('tamis train --shared makes a model for everybody'),
  groupconfig: setting('groupFile', (value) => value),
  lookup: { all: true, take: () => `Not taken: ${external}.` },
  rblinoculate: notTaken(external),
  extlookup: notTaken(external),
  localmx: notTaken(external),
  tracksources: { all: true, take: () => `Not taken: ${external}.` },
  rablqueue: notTaken(external),
  datasource: notTaken('tamis reads mail'),
  striprcptdomain: setting('lmtpUser', (value) => (isOn(value) ? 'local' : 'address')),
  serverhost: notTaken(server),
  serverport: notTaken(server),
  serverqueuesize: setting('connections', Number),
  serverpid: notTaken('a supervisor knows the process (examples/systemd, examples/daemontools)'),
  servermode: {
    take: () => 'Not taken: --socket speaks DLMTP, --lmtp speaks LMTP; the daemon can do both at once.',
  },
  serverparameters: notTaken('what the daemon does is in tamis.toml'),
  serverident: notTaken('the daemon names itself by the name of this machine'),
  serverdomainsocketpath: {
    take: ([path = '']) => `Not taken here: start the daemon with tamis serve --socket ${path}`,
  },
  clienthost: { take: ([host = '']) => `Not taken here: tamisc takes it as --socket=${host}` },
  clientport: notTaken('tamisc takes it as --socket=HOST:PORT'),
  clientident: notTaken(
    'dspamc and tamisc say what serverPass has in a tamis.toml that they can read, else TAMIS_PASS=SECRET@IDENT of their environment',
  ),
  lmtpldaerrorspermanent: notTaken('what the next server answers is passed on'),
};

/** Directives that go by how they begin, in lower case. */
export const families: readonly (readonly [string, Rule])[] = [
  [
    'serverpass.',
    {
      all: true,
      take: ([secret = ''], settled, directive) => {
        const before = (settled.get('serverPass') as Record<string, string> | undefined) ?? {};
        const ident = directive.slice(directive.indexOf('.') + 1);
        return settled.set('serverPass', { ...before, [ident]: secret }) ? undefined : cannot(secret);
      },
    },
  ],
  ['mysql', notTaken(`${database} mysql://USER:PASSWORD@HOST/DATABASE`)],
  ['pgsql', notTaken(`${database} postgres://USER:PASSWORD@HOST/DATABASE`)],
  ['sqlite', notTaken(`${database} FILE`)],
  ['hash', notTaken('the sizes of hash files have no counterpart')],
  ['extlookup', notTaken(external)],
  ['clamav', notTaken(external)],
  ['profile', notTaken('a store has no profiles')],
  ['defaultprofile', notTaken('a store has no profiles')],
  ['failover', notTaken('a store has no profiles')],
  ['deliveryhost.', notTaken('there is one next server (lmtpNext)')],
  ['deliveryport.', notTaken('there is one next server (lmtpNext)')],
];
