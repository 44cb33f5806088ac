/**
 * Where a judged message goes from the daemon's LMTP, as the setting `lmtpNext` says it:
 *
 *     lmtp:/run/dovecot/lmtp        lmtp:127.0.0.1:24       another LMTP server
 *     smtp:127.0.0.1:10026                                  an SMTP server
 *     maildir:/var/mail/%d/%n/Maildir                       a Maildir
 *     exec:/usr/sbin/sendmail -G -i -f %s -- %r             a command without a shell, the message on its stdin
 */

/** What stands for something of the envelope in a Maildir's path and in the words of a command. */
export const places = {
  '%u': 'the user',
  '%n': 'the local part of the user',
  '%d': 'the domain of the recipient',
  '%r': 'the recipient',
  '%s': 'the sender',
} as const;

/** Where a message goes next. */
export type NextHop =
  | {
      readonly kind: 'lmtp' | 'smtp';
      readonly address: { readonly path: string } | { readonly host: string; readonly port: number };
    }
  | { readonly kind: 'maildir'; readonly template: string }
  | { readonly kind: 'exec'; readonly command: readonly [string, ...string[]] };

/** What the setting can be, for an error. */
export const nextHopSyntax =
  'lmtp:PATH, lmtp:HOST:PORT, smtp:HOST:PORT, maildir:PATH or exec:PATH WORDS; in the last two %u, %n, %d, %r and %s stand for the envelope';

/** Reads the setting; undefined if it is none of them. */
export function nextHopOf(said: string): NextHop | undefined {
  const at = said.indexOf(':');
  const kind = said.slice(0, Math.max(0, at));
  const rest = said.slice(at + 1).trim();
  switch (kind) {
    case 'lmtp':
    case 'smtp':
      return serverOf(kind, rest);
    case 'maildir':
      return rest.startsWith('/') && known(rest) && !rest.includes('%s') && !rest.includes('%r')
        ? { kind, template: rest }
        : undefined;
    case 'exec': {
      const [program = '', ...words] = rest.split(/\s+/);
      return program.startsWith('/') && !program.includes('%') && known(rest)
        ? { kind, command: [program, ...words] }
        : undefined;
    }
    default:
      return undefined;
  }
}

function serverOf(kind: 'lmtp' | 'smtp', rest: string): NextHop | undefined {
  if (rest.startsWith('/')) return { kind, address: { path: rest } };
  const [, host, port] = /^(\[[\d:a-f]+\]|[^/:[\]\s]+):(\d{1,5})$/i.exec(rest) ?? [];
  if (host === undefined || port === undefined) return undefined;
  return { kind, address: { host: host.replace(/^\[|\]$/g, ''), port: Number(port) } };
}

/** Whether every `%` is of {@link places}. */
function known(text: string): boolean {
  return (text.match(/%.?/g) ?? []).every((place) => place in places);
}
