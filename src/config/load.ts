/**
 * Finds and reads the configuration and the home.
 *
 * The file is `--config`, else $TAMIS_CONFIG, else /etc/tamis/tamis.toml if it exists. The home is `--home`,
 * else $TAMIS_HOME, else the file's `home`, else /var/lib/tamis for root and system users (uid below 1000) and
 * $XDG_DATA_HOME/tamis for everybody else: never a matter of what $HOME the mail host happened to set for a system user.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import path from 'node:path';
import { parse } from 'smol-toml';
import { systemCode, TamisError } from '../errors.ts';
import { checkSettings, type RawSettings, type Settings } from './settings.ts';

/** Where a site keeps its configuration. */
export const siteConfig = '/etc/tamis/tamis.toml';

/** What the command line says of the configuration. */
export interface ConfigOptions {
  readonly home?: string | undefined;
  readonly config?: string | undefined;
  /** `KEY=VALUE` each. */
  readonly set?: readonly string[] | undefined;
}

/** The settings in force and the home they belong to. */
export interface Config {
  readonly home: string;
  readonly settings: Settings;
  /** The settings that the command line gave: no user's preference takes their place. */
  readonly fixed?: readonly string[];
}

/**
 * Reads the configuration.
 *
 * @param site Where a site keeps its configuration.
 * @throws TamisError CONFIG that names the file, and the line or key; USAGE for an option without a value.
 */
export function loadConfig(
  options: ConfigOptions,
  env: NodeJS.ProcessEnv = process.env,
  site: string = siteConfig,
): Config {
  for (const name of ['home', 'config'] as const) {
    if (options[name] === '') throw new TamisError('USAGE', `Wrong command line: --${name} takes a path.`);
  }
  const file = configFileOf(options, env, site);
  const { home: fileHome, ...fileSettings } = file === undefined ? {} : readToml(file);
  if (fileHome !== undefined && typeof fileHome !== 'string') {
    throw new TamisError('CONFIG', `${String(file)}: home must be a path in quotes.`);
  }
  if (file !== undefined) checkSettings(fileSettings, file);
  const home = options.home ?? nonEmpty(env['TAMIS_HOME']) ?? fileHome ?? defaultHome(env);
  const sets = readSets(options.set ?? []);
  const settings = checkSettings(merged(fileSettings, sets), '--set');
  return { home: path.resolve(home), settings, fixed: Object.keys(sets) };
}

/** The configuration file; undefined if none is named and the site has none. */
export function configFileOf(
  { config }: ConfigOptions,
  env: NodeJS.ProcessEnv = process.env,
  site: string = siteConfig,
): string | undefined {
  return config ?? nonEmpty(env['TAMIS_CONFIG']) ?? (isThere(site) ? site : undefined);
}

/** The home where neither option, environment nor file names one. */
export function defaultHome(env: NodeJS.ProcessEnv, uid: number = process.getuid?.() ?? 1000): string {
  if (uid < 1000) return '/var/lib/tamis';
  const data = nonEmpty(env['XDG_DATA_HOME']);
  return path.join(
    data !== undefined && path.isAbsolute(data) ? data : path.join(ownHome(), '.local/share'),
    'tamis',
  );
}

/**
 * Makes what root runs, delivery included, act as the owner of the home, so that nothing in it ever belongs to somebody
 * whom the delivering user cannot read. Does nothing for other users, or while the home does not exist.
 *
 * @param readable Something of others that is to be read: the process keeps its group, too.
 */
export function actAsOwner(home: string, readable?: string): void {
  const owner = otherOwner(home);
  if (owner === undefined) return;
  const { uid, gid } = owner;
  try {
    const also = readable === undefined ? undefined : statSync(readable, { throwIfNoEntry: false })?.gid;
    process.setgroups?.(also === undefined || also === 0 ? [gid] : [gid, also]);
    process.setgid?.(gid);
    process.setuid?.(uid);
  } catch (cause) {
    throw new TamisError('HOME', `Cannot act as uid ${uid}, the owner of ${home}.`, { cause });
  }
}

/** Whom a home belongs to for whom root acts; undefined if this process is not root's, or the home is, or there is none. */
export function otherOwner(home: string): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0 || !existsSync(home)) return undefined;
  const { uid, gid } = statSync(home);
  return uid === 0 ? undefined : { uid, gid };
}

/** The name of the user who runs this process, for sentences in errors. */
export function processUser(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? '?'}`;
  }
}

/** Whether there is such a file. One that cannot be looked at is there: a site's configuration is never passed over in silence. */
function isThere(file: string): boolean {
  try {
    statSync(file);
    return true;
  } catch (error) {
    return systemCode(error) !== 'ENOENT';
  }
}

function ownHome(): string {
  try {
    return homedir();
  } catch (cause) {
    const who = `uid ${process.getuid?.() ?? '?'}`;
    const sentence = `There is no home: ${who} has no home directory; give --home, or home in ${siteConfig}.`;
    throw new TamisError('HOME', sentence, { cause });
  }
}

function readToml(file: string): RawSettings {
  try {
    return parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    const can = `readable by ${processUser()} and valid TOML`;
    throw new TamisError('CONFIG', `Cannot use the configuration ${file}; it must be ${can}.`, { cause });
  }
}

/** Settings over settings; tables entry by entry. */
function merged(under: RawSettings, over: RawSettings): RawSettings {
  const isTable = (value: unknown): value is object => typeof value === 'object' && value !== null;
  const entries = Object.entries(over).map(([key, value]) => {
    const below = under[key];
    return [key, isTable(value) && isTable(below) ? { ...below, ...value } : value] as const;
  });
  return { ...under, ...Object.fromEntries(entries) };
}

/** `KEY=VALUE` each; `TABLE.KEY=VALUE` for an entry of a table. */
function readSets(sets: readonly string[]): RawSettings {
  const settings = new Map<string, unknown>();
  for (const set of sets) {
    const at = set.indexOf('=');
    if (at < 1) throw new TamisError('CONFIG', `--set takes KEY=VALUE, not ${JSON.stringify(set)}.`);
    const [key = '', entry] = set.slice(0, at).split('.', 2);
    const value = set.slice(at + 1);
    if (entry === undefined) settings.set(key, value);
    else settings.set(key, { ...(settings.get(key) as object | undefined), [entry]: value });
  }
  return Object.fromEntries(settings);
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === undefined || value === '' ? undefined : value;
}
