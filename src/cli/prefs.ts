/** `tamis prefs`: what a user has otherwise than the site. */
import { TamisError } from '../errors.ts';
import { preferenceNames, type PreferenceName, type Settings } from '../config/settings.ts';
import {
  checkPreference,
  preferenceNamed,
  preferencesOf,
  setPreferences,
  settingsFor,
  type Preferences,
} from '../judge/preferences.ts';
import { withKnownUser, withUser } from '../judge/users.ts';
import type { Config } from '../config/load.ts';
import { configOf, jsonOption, patience, print, type Command, type CommonArguments } from './command.ts';

interface PrefsArguments extends CommonArguments {
  action: string;
  name: string | undefined;
  value: string | undefined;
  user: string | undefined;
  json: boolean;
}

type Action = (argv: PrefsArguments) => Promise<void>;

const actions: Readonly<Record<string, Action>> = { get, set, list, unset };

/** The command. */
export const prefsCommand: Command<PrefsArguments> = {
  command: 'prefs <action> [name] [value]',
  describe: 'Show what is in force for a user (get, list), or change it for that user alone (set, unset).',
  builder: (yargs) =>
    jsonOption(
      yargs
        .positional('action', { type: 'string', choices: Object.keys(actions), demandOption: true })
        .positional('name', { type: 'string', describe: preferenceNames.join(', ') })
        .positional('value', { type: 'string' })
        .option('user', {
          type: 'string',
          requiresArg: true,
          describe: "Whose preferences; without it the site's are shown.",
        }),
    ),
  handler: async (argv) => {
    await actions[argv.action]?.(argv);
  },
};

async function get({ name, user, json, ...options }: PrefsArguments): Promise<void> {
  const known = preferenceNamed(named(name));
  const value = (await inForce(configOf(options), user))[known];
  print(json, value, () => [spelt(value)]);
}

async function list({ user, json, ...options }: PrefsArguments): Promise<void> {
  const settings = await inForce(configOf(options), user);
  const entries = preferenceNames.map((name) => [name, settings[name]] as const);
  print(json, Object.fromEntries(entries), () => entries.map(([name, value]) => `${name}=${spelt(value)}`));
}

async function set({ name: given, value, user, json, ...options }: PrefsArguments): Promise<void> {
  const [name = '', ...rest] = named(given).split('=');
  const text = value ?? (rest.length > 0 ? rest.join('=') : undefined);
  if (text === undefined) throw new TamisError('USAGE', 'Wrong command line: prefs set takes NAME VALUE.');
  const config = configOf(options);
  await changePreference(config, owner(user), preferenceNamed(name), text);
  if (json) print(json, { [preferenceNamed(name)]: text }, () => []);
}

async function unset({ name, user, json, ...options }: PrefsArguments): Promise<void> {
  const known = preferenceNamed(named(name));
  const removed = await removePreference(configOf(options), owner(user), known);
  if (json) print(json, { removed }, () => []);
}

/**
 * Gives a user a preference. A user who is not known is created by it.
 *
 * @throws TamisError CONFIG where the site does not allow it, or for a value that cannot be.
 */
export async function changePreference(
  config: Config,
  user: string,
  name: PreferenceName,
  value: string,
): Promise<void> {
  checkPreference(name, value);
  if (!config.settings.allowOverride.includes(name)) {
    throw new TamisError('CONFIG', `${name} is for the site to set; allowOverride does not name it.`);
  }
  await withUser(config, user, { create: true, wait: patience }, async (store) => {
    if (store !== undefined) await setPreferences(store, { ...(await preferencesOf(store)), [name]: value });
  });
}

/** Takes a preference from a user; whether there was one. */
export async function removePreference(config: Config, user: string, name: PreferenceName): Promise<boolean> {
  return await withKnownUser(config, user, patience, async (store) => {
    const { [name]: value, ...rest } = await preferencesOf(store);
    if (value !== undefined) await setPreferences(store, rest);
    return value !== undefined;
  });
}

/** What a user has set, in the order in which it was. */
export async function ownPreferences(config: Config, user: string): Promise<Preferences> {
  return await withUser(config, user, { create: false, wait: patience }, preferencesOf);
}

/** A value as DSPAM writes it. */
export function spelt(value: Settings[PreferenceName]): string {
  return typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value);
}

async function inForce(config: Config, user: string | undefined): Promise<Settings> {
  return user === undefined ? config.settings : settingsFor(config, await ownPreferences(config, user));
}

function named(name: string | undefined): string {
  if (name !== undefined && name !== '') return name;
  throw new TamisError('USAGE', `Wrong command line: name a preference: ${preferenceNames.join(', ')}.`);
}

function owner(user: string | undefined): string {
  if (user !== undefined && user !== '') return user;
  const sentence = "Wrong command line: name the user: --user NAME. The site's own values are in tamis.toml.";
  throw new TamisError('USAGE', sentence);
}
