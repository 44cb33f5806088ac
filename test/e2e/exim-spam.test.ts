/** Exim's own spam condition, which asks the daemon by spamd's protocol, version 1.2, while the sender still waits. */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Daemon } from '../daemon/daemon.ts';
import { describeAsRoot, describeWith, peer } from '../peers.ts';
import { EximServer } from './exim-server.ts';
import { messageOf, messagesIn, must, ruleOf, sample, taughtHome, workFolder } from './site.ts';

/** Only Debian's exim4-daemon-heavy has the condition. */
function hasCondition(): boolean {
  const { stdout } = spawnSync(peer('exim4') ?? 'exim4', ['-bV'], { encoding: 'utf8' });
  return stdout.includes('Content_Scanning');
}

describeAsRoot('as root', () => {
  describeWith(['exim4'], () => {
    const able = hasCondition();
    (able ? describe : describe.skip)(able ? 'spam =' : 'not installed: exim4-daemon-heavy', () => {
      const work = workFolder('tamis-exim-');
      const user = 'joe@example.net';
      let server: EximServer;
      let daemon: Daemon;
      let maildir: string;
      beforeAll(async () => {
        daemon = new Daemon('--set', 'socketMode=666');
        must(['cp', '-r', `${taughtHome(work, user)}/.`, daemon.place.home]);
        await daemon.start();
        const place = join(work, 'site');
        mkdirSync(place);
        server = new EximServer(place);
        server.configure(ruleOf('exim'), (text) =>
          text
            // Nothing else judges.
            .replace('${if !eq{$received_protocol}{tamis}}', 'false')
            .replace('acl_smtp_rcpt', `spamd_address = ${daemon.spamd}\nacl_smtp_data = data\nacl_smtp_rcpt`)
            .replace(
              'begin acl\n',
              `begin acl
data:
  deny spam = ${user}
       message = spam, $spam_score points
  accept spam = ${user}:true
         add_header = X-Points: $spam_score ($spam_score_int) $spam_bar
         add_header = X-Reasons: $spam_report
`,
            ),
        );
        maildir = server.addUser(user);
        await server.start();
      });
      afterAll(async () => {
        await server.stop();
        await daemon.remove();
      });

      test('refuses spam, tells the score and the reasons of all else, and puts mail off while nobody judges', async () => {
        await expect(server.deliver([user], messageOf(sample('spam-1')))).resolves.toEqual([
          expect.stringMatching(/^550 spam, \d+\.\d points$/),
        ]);
        expect(messagesIn(maildir)).toEqual([]);
        await server.deliver([user], messageOf(sample('ham-1')));
        const [message = ''] = messagesIn(maildir);
        expect(message).toMatch(/^X-Points: (-?\d+)\.(\d) \(\1\2\) [/+-]+$/m);
        expect(message).toMatch(/^X-Reasons: Innocent: probability of spam 0\.\d{4}, confidence .*\n /m);
        await daemon.stop();
        const replies = await server.deliver([user], messageOf(sample('ham-3')));
        expect(replies).toEqual([expect.stringMatching(/^451 /)]);
        await daemon.start();
      });
    });
  });
});
