/** Who may ask on the DLMTP socket: DSPAM's ServerPass. */
import { timingSafeEqual } from 'node:crypto';
import type { Settings } from '../config/settings.ts';
import type { Service } from './service.ts';
import type { Wire } from './wire.ts';

/** What a client says that is let in by these settings: $TAMIS_PASS, else one of their secrets; undefined: there is none. */
export function passOf({ serverPass }: Pick<Settings, 'serverPass'>): string | undefined {
  const [entry] = Object.entries(serverPass);
  return process.env['TAMIS_PASS'] ?? (entry && `${entry[1]}@${entry[0]}`);
}

/** Whether `secret@ident` is known; on a Unix socket, whose permissions say who may, also where no secret is configured. */
export function admits({ config }: Pick<Service, 'config'>, sender: string, { isUnix }: Wire): boolean {
  const { serverPass } = config.settings;
  if (Object.keys(serverPass).length === 0) return isUnix;
  const at = sender.lastIndexOf('@');
  const ident = sender.slice(at + 1);
  const secret = Object.hasOwn(serverPass, ident) ? serverPass[ident] : undefined;
  const given = Buffer.from(sender.slice(0, Math.max(0, at)));
  const known = Buffer.from(secret ?? '');
  return secret !== undefined && given.length === known.length && timingSafeEqual(given, known);
}
