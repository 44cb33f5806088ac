/**
 * The password that a client of the daemon sends: $TAMIS_PASS, else what is in the user's own file, $XDG_CONFIG_HOME/tamis/secret; for whoever can read the site's
 * configuration, a secret of it.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { Settings } from '../config/settings.ts';
import { log } from '../log.ts';

/** Far more bytes than the longest name and its secret. */
const longest = 4096;

/** The password, if there is any. Whatever is wrong with the file: mail goes on without it, and the daemon says what it asks for. */
export function passOf(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const given = env['TAMIS_PASS'];
  if (given !== undefined && given !== '') return given;
  const [configs, home] = [env['XDG_CONFIG_HOME'] ?? '', env['HOME'] ?? ''];
  if (isAbsolute(configs)) return ownSecret(join(configs, 'tamis/secret'));
  return isAbsolute(home) ? ownSecret(join(home, '.config/tamis/secret')) : undefined;
}

/** What lets a client in by these settings: $TAMIS_PASS, else one of their secrets; undefined: there is none. */
export function sitePass({ serverPass }: Pick<Settings, 'serverPass'>): string | undefined {
  const [entry] = Object.entries(serverPass);
  return process.env['TAMIS_PASS'] ?? (entry && `${entry[1]}@${entry[0]}`);
}

/** What is in a file that is the own one of who runs this: a delivery agent has the home of somebody else, who may put there what they like. */
function ownSecret(path: string): string | undefined {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    const status = fstatSync(file);
    if (!status.isFile() || status.uid !== process.geteuid?.() || status.size > longest) return undefined;
    if ((status.mode & 0o077) === 0) return readFileSync(file, 'utf8').trim();
    log(`${path} is not used, because others can read it: chmod 600 ${path}`);
    return undefined;
  } finally {
    closeSync(file);
  }
}
