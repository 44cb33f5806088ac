/**
 * examples/maildrop and examples/procmail, run by the real programs for a user with a home: spam is filed, found by the real Dovecot over
 * IMAP, and a move by IMAP teaches.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeAsRoot, describeWith } from '../peers.ts';
import { DovecotServer } from './dovecot-server.ts';
import {
  faulty,
  giveTo,
  judgement,
  messageOf,
  root,
  ruleOf,
  run,
  sample,
  withoutJudgement,
  workFolder,
} from './site.ts';
import { TaughtSite } from './taught-site.ts';

/** nobody: maildrop delivers only for accounts of the system. */
const owner = { uid: 65_534, gid: 65_534 };

describeAsRoot('as root', () => {
  describeWith(
    ['maildrop', 'procmail', 'dovecot', 'imap', 'lmtp', 'sievec', 'setpriv'],
    (maildrop, procmail) => {
      const work = workFolder('tamis-users-');
      let server: DovecotServer;
      let site: TaughtSite;

      beforeAll(async () => {
        site = new TaughtSite(work, owner);
        server = new DovecotServer({ place: site.place('site'), owner, home: site.home });
        await server.start();
      });
      afterAll(async () => {
        await server.stop();
      });

      /** The files of an example in the home of a user of this name, and how mail is delivered there. */
      function install(
        host: 'maildrop' | 'procmail',
        options: readonly string[],
      ): [string, (file: string) => number | null] {
        const user = site.user(`${host}@example.net`);
        const folder = join(server.addUser(user), '..');
        const program = faulty(work, site.filter);
        const account = {
          maildrop: 'import HOME\nimport LOGNAME\n',
          procmail: `HOME=${folder}\nLOGNAME=${user}\n`,
        };
        const rc = host === 'maildrop' ? 'mailfilter' : 'procmailrc';
        const files = {
          [`.tamis.${host === 'maildrop' ? 'maildrop' : 'procmailrc'}`]: ruleOf(
            host,
            '--program',
            program,
            ...options,
          ),
          // Both take a user's home and name from the system's accounts.
          [rc]: account[host] + readFileSync(join(root, 'examples', host, rc), 'utf8'),
        };
        for (const [name, text] of Object.entries(files)) {
          writeFileSync(join(folder, name), text, { mode: 0o600 });
          giveTo(owner, join(folder, name));
        }
        const env = { HOME: folder, LOGNAME: user };
        const words = host === 'maildrop' ? [maildrop, rc] : [procmail, '-p', join(folder, rc)];
        return [user, (file) => run(words, { stdin: file, cwd: folder, env, as: owner }).status];
      }

      describe.each([
        ['maildrop', ['--subscribe', 'dovecot', '--mark-read']],
        ['procmail', ['--subscribe', 'dovecot']],
      ] as const)('examples/%s', (host, options) => {
        test('files spam, which IMAP finds, and a move by IMAP teaches', async () => {
          const [user, deliver] = install(host, options);
          for (const name of ['spam-1', 'spam-2', 'ham-1'] as const) expect(deliver(sample(name))).toBe(0);
          const imap = await server.imap(user);
          try {
            const spam = await imap.messages('Spam');
            const ham = await imap.messages('INBOX');
            expect(spam.map(withoutJudgement).sort()).toEqual(
              ['spam-1', 'spam-2']
                .map((name) => withoutJudgement(messageOf(sample(name as 'spam-1'))))
                .sort(),
            );
            expect(spam.flatMap(judgement).filter((line) => line === 'X-DSPAM-Result: Spam')).toHaveLength(2);
            expect(ham.map(withoutJudgement)).toEqual([messageOf(sample('ham-1'))]);
            const seen = (await imap.flags('Spam')).filter((flags) => flags.includes('\\Seen'));
            expect(seen).toHaveLength(host === 'maildrop' ? 2 : 0);
            expect((await imap.command('LSUB "" "*"')).join()).toContain('Spam');
            await imap.moveAll('Spam', 'INBOX');
            expect(site.stats(user)).toMatchObject({ innocentMisclassified: 2, spamMisclassified: 0 });
          } finally {
            imap.end();
          }
        });
      });
    },
  );
});
