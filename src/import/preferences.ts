/** DSPAM's preferences of a user as those of tamis. */
import { checkPreference, type Preferences } from '../judge/preferences.ts';
import { preferenceSetting } from './dspam-directives.ts';

/** Preferences that mean something here, and those that do not, as `name=value`. */
export interface ReadPreferences {
  readonly taken: Preferences;
  readonly left: readonly string[];
}

/** The names and values of a file of preferences: `key=value` lines, `#` comments. */
export function preferencesOfFile(text: string): [name: string, value: string][] {
  return text.split('\n').flatMap((line) => {
    const [, name, value = ''] = /^\s*([^#=\s]+)\s*=(.*)$/.exec(line) ?? [];
    return name === undefined ? [] : [[name, value.trim()]];
  });
}

/** @param given Names and values, as DSPAM has them. */
export function readPreferences(given: ReadonlyMap<string, string>): ReadPreferences {
  const taken: Record<string, string> = {};
  const left: string[] = [];
  for (const [name, value] of given) {
    const spelt = preferenceOf(name, value);
    if (spelt === undefined) left.push(`${name}=${value}`);
    else taken[spelt.name] = spelt.value;
  }
  return { taken, left };
}

function preferenceOf(name: string, given: string): { name: string; value: string } | undefined {
  const [known, setting] = preferenceSetting(name, given) ?? [];
  if (known === undefined) return undefined;
  const value = typeof setting === 'boolean' ? (setting ? 'on' : 'off') : String(setting);
  try {
    checkPreference(known, value);
    return { name: known, value };
  } catch {
    return undefined;
  }
}
