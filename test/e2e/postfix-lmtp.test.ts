/**
 * The real Postfix delivers over LMTP to `tamis serve --lmtp`, which files into Maildirs: every message arrives, whole and for its own
 * recipient, though the daemon is killed and started again while mail comes in.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Daemon } from '../daemon/daemon.ts';
import { describeAsRoot, peer } from '../peers.ts';
import { PostfixServer } from './postfix-server.ts';
import { makeMaildir, messagesIn, workFolder } from './site.ts';

const kills = 3;
const users = ['joe', 'ann'] as const;

const suite = peer('postfix') === undefined ? describe.skip : describeAsRoot;

suite('with postfix', () => {
  const work = workFolder('tamis-postfix-');
  const postfix = new PostfixServer(work);
  let daemon: Daemon;

  beforeAll(async () => {
    for (const user of users) makeMaildir(join(work, 'mail/example.net', user));
    daemon = new Daemon('--set', 'socketGroup=postfix', '--set', `lmtpNext=maildir:${work}/mail/%d/%n`);
    // Where Postfix may go.
    await daemon.start('--lmtp', join(work, 'lmtp'));
    await postfix.configure(
      `virtual_mailbox_domains = example.net\nvirtual_transport = lmtp:unix:${work}/lmtp\n`,
    );
    postfix.start();
  });
  afterAll(async () => {
    postfix.stop();
    await daemon.remove();
  });

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
    const sent = postfix.take(
      users.map((user) => `${user}@example.net`),
      [...messages, large],
    );
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
      const arrivedByNow = (): number => {
        // Postfix leaves a message that it found "still being delivered" in its incoming queue until other mail comes.
        postfix.flush();
        return arrived().size;
      };
      await expect.poll(arrivedByNow, { timeout: 50_000, interval: 500 }).toBe(count + 1);
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
