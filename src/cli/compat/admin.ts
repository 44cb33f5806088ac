/**
 * `dspam_admin add|change|delete|list|aggregate preference USER [ATTR [VALUE]]` (captures 40 to 43): what users have otherwise than the site, as
 * `tamis prefs` does it, in DSPAM's words.
 *
 * `aggregate` names all of DSPAM's preferences in DSPAM's order. Those that mean nothing here are as DSPAM has them where nobody has set them, and
 * nobody can; to set them to that changes nothing. The user `default` is the site: its values are in tamis.toml.
 */
import { preferenceNames, type Settings } from '../../config/settings.ts';
import { TamisError } from '../../errors.ts';
import { preferenceNamed, settingsFor } from '../../judge/preferences.ts';
import { changePreference, ownPreferences, removePreference, spelt } from '../prefs.ts';
import { configured, say, usage, type CompatWords } from './words.ts';

/** All of DSPAM's preferences, with what they are where nothing here heeds them. */
const all: readonly (readonly [name: string, idle: string])[] = [
  ['trainingMode', ''],
  ['spamAction', ''],
  ['spamSubject', ''],
  ['statisticalSedation', ''],
  ['enableBNR', ''],
  ['enableWhitelist', ''],
  ['signatureLocation', ''],
  ['tagSpam', ''],
  ['tagNonspam', ''],
  ['showFactors', ''],
  ['optIn', ''],
  ['optOut', ''],
  ['whitelistThreshold', ''],
  ['makeCorpus', 'off'],
  ['storeFragments', 'off'],
  ['localStore', ''],
  ['processorBias', ''],
  ['fallbackDomain', 'off'],
  ['trainPristine', ''],
  ['optOutClamAV', 'off'],
  ['ignoreRBLLookups', 'off'],
  ['RBLInoculate', 'off'],
  ['notifications', 'off'],
];

const done = 'operation successful.';
const takes =
  'dspam_admin takes list|aggregate preference USER, add|change preference USER ATTR VALUE, or delete preference USER ATTR';

/** The program. */
export async function runAdmin(argv: readonly string[]): Promise<void> {
  const { config, argv: rest } = configured(argv);
  const [action = '', what = '', user, attribute, value] = rest;
  if (!['preference', 'pref'].includes(what) || user === undefined) throw usage(takes);
  const own = user === 'default' ? {} : await ownPreferences(config, user);
  switch (action) {
    case 'list':
      say(...Object.entries(own).map(([name, text]) => `${name}=${text}`));
      return;
    case 'aggregate':
      say(...aggregate(settingsFor(config, own)));
      return;
    case 'add':
    case 'change':
      if (attribute === undefined || value === undefined) throw usage(takes);
      if (isIdle(attribute, value)) {
        say(done);
        return;
      }
      await changePreference(config, theirs(user), preferenceNamed(attribute), value);
      say(done);
      return;
    case 'delete':
      if (attribute === undefined) throw usage(takes);
      await remove(config, theirs(user), attribute);
      say(done);
      return;
    default:
      throw usage(`there is no ${JSON.stringify(action)}; ${takes}`);
  }
}

/** Whether a preference that means nothing here is to be what it is anyhow: scripts set all of them. */
function isIdle(attribute: string, value: string): boolean {
  const [name, idle] = all.find(([one]) => one.toLowerCase() === attribute.toLowerCase()) ?? [];
  return !preferenceNames.some((one) => one === name) && idle?.toLowerCase() === value.toLowerCase();
}

async function remove(config: CompatWords['config'], user: string, attribute: string): Promise<void> {
  const name = preferenceNamed(attribute);
  if (!(await removePreference(config, user, name)))
    throw new TamisError('INPUT', `${user} has no ${name} of its own.`);
}

function aggregate(settings: Settings): string[] {
  return all.map(([name, idle]) => {
    const known = preferenceNames.find((one) => one === name);
    if (known === undefined) return `${name}=${idle}`;
    const value = spelt(settings[known]);
    return `${name}=${known === 'trainingMode' ? value.toUpperCase() : value}`;
  });
}

function theirs(user: string): string {
  if (user !== 'default') return user;
  throw new TamisError('CONFIG', 'What is in force for all users is in tamis.toml; write it there.');
}
