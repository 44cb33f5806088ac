/**
 * The real Postfix delivers over LMTP to `tamis serve --lmtp`, which files into Maildirs: every message arrives, whole and for its own
 * recipient, though the daemon is killed and started again while mail comes in.
 */
import { chownSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Daemon } from '../daemon/daemon.ts';
import { describeAsRoot, peer } from '../peers.ts';
import { freePort, submit } from './dialogue.ts';
import { makeMaildir, messagesIn, must, workFolder } from './site.ts';

const kills = 3;
const users = ['joe', 'ann'] as const;

/** Sends each message to all users, by SMTP; resolves when Postfix has them all. */
async function send(port: number, messages: readonly string[]): Promise<void> {
  const to = users.map((user) => `${user}@example.net`);
  for (const reply of await submit('SMTP', port, { from: 'kim@example.org', to, messages })) {
    expect(reply).toMatch(/^250 /);
  }
}

const suite = peer('postfix') === undefined ? describe.skip : describeAsRoot;

suite('with postfix', () => {
  const work = workFolder('tamis-postfix-');
  const conf = join(work, 'etc');
  let daemon: Daemon;
  let port: number;

  beforeAll(async () => {
    for (const folder of [conf, join(work, 'queue'), join(work, 'data')]) mkdirSync(folder);
    const { uid } = postfixUser();
    chownSync(join(work, 'data'), uid, 0);
    for (const user of users) makeMaildir(join(work, 'mail/example.net', user));
    daemon = new Daemon('--set', 'socketMode=666', '--set', `lmtpNext=maildir:${work}/mail/%d/%n`);
    // Where Postfix may go.
    const options = ['--lmtp', join(work, 'lmtp')];
    await daemon.start(...options);
    port = await freePort();
    for (const name of ['postfix-files', 'dynamicmaps.cf', 'dynamicmaps.cf.d', 'postfix-files.d'])
      cpSync(join('/etc/postfix', name), join(conf, name), { recursive: true });
    writeFileSync(join(conf, 'main.cf'), settings());
    writeFileSync(join(conf, 'master.cf'), services());
    must(['/usr/sbin/postfix', '-c', conf, 'start'], { env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } });
  });
  afterAll(async () => {
    must(['/usr/sbin/postfix', '-c', conf, 'stop'], { env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } });
    await daemon.remove();
  });

  function postfixUser(): { uid: number } {
    const entry = readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .find((line) => line.startsWith('postfix:'));
    return { uid: Number(entry?.split(':')[2]) };
  }

  const settings = (): string => `compatibility_level = 3.6
queue_directory = ${work}/queue
data_directory = ${work}/data
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = loopback-only
inet_protocols = ipv4
myhostname = mx.example.org
mydestination =
mynetworks = 127.0.0.0/8
smtpd_recipient_restrictions = permit_mynetworks, reject
virtual_mailbox_domains = example.net
virtual_transport = lmtp:unix:${work}/lmtp
maillog_file = ${work}/maillog
maillog_file_prefixes = /tmp
minimal_backoff_time = 1s
maximal_backoff_time = 1s
queue_run_delay = 1s
transport_retry_time = 1s
message_size_limit = 50000000
`;

  const services = (): string => `${port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 1 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
smtp unix - - n - - smtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`;

  test('all arrives, whole and judged, while the daemon is killed again and again', async () => {
    const body = (n: number): string =>
      `line\n.dot\n..\n.\n\xe9\xff ${'long '.repeat(150)}\n`.repeat(n % 7) + `end ${n}\n`;
    const count = 60;
    const messages = Array.from(
      { length: count },
      (_, n) =>
        `From: kim@example.org\nSubject: n${n}\nX-DSPAM-Result: Spam\nMessage-ID: <${n}@x>\n\n${body(n)}`,
    );
    const large = `From: kim@example.org\nSubject: n${count}\n\n${`${'x'.repeat(70)}\n`.repeat(300_000)}`;
    const sent = send(port, [...messages, large]);
    for (let n = 0; n < kills; n++) {
      const joes = join(work, 'mail/example.net/joe');
      await expect.poll(() => messagesIn(joes).length, { timeout: 50_000 }).toBeGreaterThan(n * 10);
      await daemon.stop('SIGKILL');
      await daemon.start('--lmtp', join(work, 'lmtp'));
    }
    await sent;
    for (const user of users) {
      const maildir = join(work, 'mail/example.net', user);
      const arrived = (): Map<string | undefined, string> =>
        new Map(messagesIn(maildir).map((message) => [/^Subject: n(\d+)$/m.exec(message)?.[1], message]));
      await expect.poll(() => arrived().size, { timeout: 50_000 }).toBe(count + 1);
      const found = arrived();
      // One that was stored when the daemon was killed, but not yet answered, comes again (RFC 1047).
      expect(messagesIn(maildir).length).toBeLessThanOrEqual(count + 1 + kills);
      for (let n = 0; n < count; n++) {
        const message = found.get(String(n)) ?? '';
        expect(message.slice(message.indexOf('\n\n') + 2)).toBe(body(n));
        expect(message.match(/^X-DSPAM-Result: .*$/gm)).toEqual(['X-DSPAM-Result: Innocent']);
      }
      expect(found.get(String(count))?.length).toBeGreaterThan(large.length);
    }
  });
});
