/**
 * What users set for themselves, over the site's settings: DSPAM's user preferences, those that a filter can honour.
 *
 * A preference has the name of the setting that it takes the place of. The site says in `allowOverride` which count; what the command line sets beats them.
 * They are one note of the user in the store (JSON, names and values as they were given), so that every host that judges for the user has them.
 */
import type { Config } from '../config/load.ts';
import { checkSettings, preferenceNames, type PreferenceName, type Settings } from '../config/settings.ts';
import { TamisError } from '../errors.ts';
import type { UserStore } from '../store/contract.ts';

/** Names and values, as they were given, in that order. */
export type Preferences = Readonly<Partial<Record<PreferenceName, string>>>;

/** What preferences need of a store. */
export type PreferenceMemory = Pick<UserStore, 'note' | 'apply'>;

const key: Uint8Array = Buffer.from('preferences');

/** The note that every message asks for first. */
export const preferenceNote: { readonly space: 'preference'; readonly key: Uint8Array } = {
  space: 'preference',
  key,
};

/** What a user has set; nothing for an unknown one. */
export async function preferencesOf(
  memory: Pick<PreferenceMemory, 'note'> | undefined,
): Promise<Preferences> {
  const note = await memory?.note('preference', key);
  if (note === undefined) return {};
  try {
    return JSON.parse(Buffer.from(note).toString()) as Preferences;
  } catch (cause) {
    throw new TamisError('STORE_CORRUPT', 'The preferences in the store cannot be read.', { cause });
  }
}

/** Takes the place of all that a user has set; on disk when it resolves. */
export async function setPreferences(memory: PreferenceMemory, preferences: Preferences): Promise<void> {
  const none = Object.keys(preferences).length === 0;
  const value = none ? undefined : Buffer.from(JSON.stringify(preferences));
  await memory.apply({ notes: [{ space: 'preference', key, value }] }, { durable: true });
}

/**
 * The preference of a name, whatever its case (DSPAM's are not case-sensitive).
 *
 * @throws TamisError USAGE that names all of them.
 */
export function preferenceNamed(given: string): PreferenceName {
  const name = preferenceNames.find((one) => one.toLowerCase() === given.toLowerCase());
  if (name !== undefined) return name;
  const sentence = `There is no preference ${JSON.stringify(given)} here; there are ${preferenceNames.join(', ')}.`;
  throw new TamisError('USAGE', sentence);
}

/** @throws TamisError CONFIG for a value that the preference cannot have. */
export function checkPreference(name: PreferenceName, value: string): void {
  checkSettings({ [name]: value }, 'preference');
}

/** The settings in force for a user. What the site does not allow, or cannot be any more, is passed over. */
export function settingsFor({ settings, fixed = [] }: Config, preferences: Preferences): Settings {
  const entries = Object.entries(preferences).flatMap(([name, value]) => {
    const known = preferenceNames.find((one) => one === name);
    if (known === undefined || fixed.includes(name) || !settings.allowOverride.includes(known)) return [];
    try {
      return [[known, checkSettings({ [known]: value }, 'preference')[known]] as const];
    } catch {
      return [];
    }
  });
  return entries.length === 0 ? settings : { ...settings, ...Object.fromEntries(entries) };
}

/** Whether a user's mail is not to be judged. */
export function isOptedOut({ opt, optIn, optOut }: Settings): boolean {
  return opt === 'in' ? !optIn : optOut;
}
