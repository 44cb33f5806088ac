/**
 * The paths of MAIL FROM and RCPT TO (RFC 5321, 4.1.2; RFC 6531), and whose filter a recipient's is.
 */
import type { Settings } from '../config/settings.ts';
import { withoutDetail } from '../judge/users.ts';

/** What stands behind MAIL FROM: or RCPT TO:. */
export interface Path {
  /** As on the wire, without `<>` and the old source route. */
  readonly address: string;
  /** The words behind it. */
  readonly parameters: readonly string[];
}

/** RFC 5321, 4.5.3.1.3 has 256; UTF-8 takes more. */
const longest = 1000;

/** Reads a command's argument; undefined if it is no path in UTF-8, or holds control characters. */
export function pathOf(argument: string): Path | undefined {
  const [whole, inside = ''] = /^ ?<((?:"(?:[^"\\]|\\.)*"|[^"<>])*)>(?= |$)/.exec(argument) ?? [];
  if (whole === undefined || inside.length > longest) return undefined;
  const address = Buffer.from(inside.replace(/^@[^":]*:/, ''), 'latin1').toString();
  if (/[\p{Cc}\ufffd]/u.test(address)) return undefined;
  return {
    address,
    parameters: argument
      .slice(whole.length)
      .split(' ')
      .filter((word) => word !== ''),
  };
}

/** The user of a recipient, and its domain; the domain of `postmaster` is empty. */
export function userOf(
  address: string,
  settings: Settings,
): { readonly user: string; readonly domain: string } {
  const { lmtpUser, lowerCaseUsers } = settings;
  const at = address.lastIndexOf('@');
  const quoted = at < 0 ? address : address.slice(0, at);
  const domain = at < 0 ? '' : address.slice(at + 1).toLowerCase();
  const whole = /^".*"$/.test(quoted) ? quoted.slice(1, -1).replace(/\\(.)/g, '$1') : quoted;
  const local = withoutDetail(`${whole}@`, settings).slice(0, -1);
  const user = lmtpUser === 'local' || domain === '' ? local : `${local}@${domain}`;
  return { user: lowerCaseUsers ? user.toLowerCase() : user, domain };
}
