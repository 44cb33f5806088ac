/** A client of LMTP, and a daemon that speaks it. */
import { writeFileSync } from 'node:fs';
import { expect } from 'vitest';
import { advertisement, mail } from '../cli/mail.ts';
import { Daemon } from './daemon.ts';

const stuffed = (message: string): string => message.replace(/(^|\r\n)\./g, '$1..');

/** Everything at once, as a client that pipelines sends it. */
export function transaction(
  recipients: readonly string[],
  message: string,
  sender = '<kim@example.org>',
): string {
  const to = recipients.map((recipient) => `RCPT TO:<${recipient}>\r\n`).join('');
  return `MAIL FROM:${sender}\r\n${to}DATA\r\n${stuffed(message)}.\r\n`;
}

/** Sends transactions over one connection; the replies behind that to LHLO, without that to QUIT. */
export async function send(daemon: Daemon, ...transactions: readonly string[]): Promise<readonly string[]> {
  const answer = await daemon.send(daemon.lmtp, `LHLO client\r\n${transactions.join('')}QUIT\r\n`);
  const lines = answer.split('\r\n');
  const hello = lines.findIndex((line) => line.startsWith('250 SIZE'));
  expect(lines.slice(-2)).toEqual(['221 2.0.0 Goodbye', '']);
  return lines.slice(hello + 1, -2);
}

/** A daemon with LMTP that knows what joe takes for spam. */
export async function started(settings: (daemon: Daemon) => string): Promise<Daemon> {
  const daemon = new Daemon();
  for (let n = 0; n < 12; n++) {
    const teach = (kind: string, stdin: string): void => {
      daemon.place.run(['--user=joe@example.net', `--class=${kind}`, '--source=corpus'], { stdin });
    };
    teach('spam', advertisement(`s${n}`));
    teach('innocent', mail({ id: `h${n}` }));
  }
  writeFileSync(daemon.place.path('tamis.toml'), settings(daemon));
  await daemon.start(`--lmtp=${daemon.lmtp}`);
  return daemon;
}
