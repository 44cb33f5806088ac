/** examples/exim, run by the real Exim: mail comes in by SMTP, is judged, comes back, and is filed. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mail } from '../cli/mail.ts';
import { Daemon } from '../daemon/daemon.ts';
import { describeAsRoot, describeWith } from '../peers.ts';
import { DovecotServer } from './dovecot-server.ts';
import { EximServer, eximUser } from './exim-server.ts';
import {
  commands,
  faulty,
  judgement,
  messageOf,
  messagesIn,
  must,
  ruleOf,
  sample,
  script,
  withoutJudgement,
  workFolder,
} from './site.ts';
import { TaughtSite } from './taught-site.ts';

/** As its bytes go over the wire, which is read and written as latin1. */
const wire = (text: string): string => Buffer.from(text).toString('latin1');

describeAsRoot('as root', () => {
  describeWith(['exim4', 'setpriv', 'dovecot', 'imap', 'lmtp', 'sievec'], () => {
    const work = workFolder('tamis-exim-');
    let server: EximServer;
    let site: TaughtSite;
    let program: string;

    beforeAll(async () => {
      site = new TaughtSite(work, eximUser);
      program = faulty(work, site.filter);
      server = new EximServer(site.place('site'));
      server.configure(ruleOf('exim', '--program', program, '--on-failure', 'defer'), (text) =>
        text.replace('/usr/bin/node /usr/local/bin/tamis', program),
      );
      await server.start();
    });
    afterAll(async () => {
      await server.stop();
    });

    /** Somebody who has taught the sample mail. */
    function person(): { user: string; maildir: string } {
      const user = site.user();
      return { user, maildir: server.addUser(user) };
    }

    /** Exim puts its lines before those of the sender, and takes out the Return-Path that was there. */
    function expectWhole(message: string | undefined, sent: string): void {
      const rest = withoutJudgement(sent).replace(/^Return-Path:.*\n/, '');
      const all = withoutJudgement(message ?? '');
      expect(all.slice(-rest.length)).toBe(rest);
      expect(all.slice(0, -rest.length)).toMatch(
        /^(?:(?:Return-path|Envelope-to|Delivery-date|Received): .*\n(?:\t.*\n)*)*$/,
      );
    }

    test.each([
      ['spam-1', '.Spam', 'X-DSPAM-Result: Spam'],
      ['spam-2', '.Spam', 'X-DSPAM-Result: Spam'],
      ['ham-1', '', 'X-DSPAM-Result: Innocent'],
    ] as const)('%s comes by SMTP and lies in "%s", whole and judged', async (name, folder, result) => {
      const { user, maildir } = person();
      await server.deliver([user], messageOf(sample(name)));
      const [message = '', ...more] = messagesIn(maildir, folder);
      expect(more).toEqual([]);
      expect(messagesIn(maildir, folder === '' ? '.Spam' : '')).toEqual([]);
      expect(judgement(message).filter((line) => line.startsWith('X-DSPAM-Result'))).toEqual([result]);
      expectWhole(message, messageOf(sample(name)));
      expect(server.waiting()).toEqual([]);
    });

    test('each recipient has a judgement of their own', async () => {
      const [one, other] = [
        person(),
        { user: 'new@example.net', maildir: server.addUser('new@example.net') },
      ];
      await server.deliver([one.user, other.user], messageOf(sample('spam-1')));
      expect(messagesIn(one.maildir, '.Spam')).toHaveLength(1);
      expect(messagesIn(other.maildir)).toHaveLength(1);
    });

    test('a sender cannot say that a message is judged already', async () => {
      const { user, maildir } = person();
      const forged = `Received: by x with tamis\nX-DSPAM-Result: Innocent\nx-dspam-result:\n Innocent\n${messageOf(sample('spam-1'))}`;
      await server.deliver([user], forged);
      const [message = ''] = messagesIn(maildir, '.Spam');
      expect(judgement(message).filter((line) => /^x-dspam-result/i.test(line))).toEqual([
        'X-DSPAM-Result: Spam',
      ]);
    });

    test('mail waits while the filter fails, and comes when it works again', async () => {
      const { user, maildir } = person();
      script(program, 'exit 100');
      await server.deliver([user], messageOf(sample('spam-1')));
      expect([...messagesIn(maildir), ...messagesIn(maildir, '.Spam')]).toEqual([]);
      expect(server.waiting()).toHaveLength(1);
      script(program, site.filter);
      await server.command(['-qff']);
      expect(server.waiting()).toEqual([]);
      const [message, ...more] = messagesIn(maildir, '.Spam');
      expect([more, messagesIn(maildir)]).toEqual([[], []]);
      expectWhole(message, messageOf(sample('spam-1')));
    });

    test('an address that tries to be a command is only an address', async () => {
      const names = [
        ...[
          '$(touch trap)',
          '`touch trap`',
          'a;touch trap',
          "a'b",
          '${run{touch trap}}',
          'a b',
          '-f',
          'a\\b',
          'a"b',
        ],
        // Lists and comments, where Exim reads addresses.
        ...[
          'a,b',
          'joe1@example.net,',
          'x,joe1@example.net,y',
          'x>,<joe1',
          '(x',
          ':fail:',
          '|touch trap',
          'tür',
        ],
      ];
      const others = server.addUser('joe1@example.net');
      const before = messagesIn(others).length;
      for (const name of names) {
        const maildir = server.addUser(`${name}@example.net`);
        const message = messageOf(sample('ham-1'));
        await server.deliver([`"${wire(name).replace(/["\\]/g, '\\$&')}"@example.net`], message);
        const found = [...messagesIn(maildir), ...messagesIn(maildir, '.Spam')];
        expect(found, `${name}: ${server.log()}`).toHaveLength(1);
      }
      expect(messagesIn(others)).toHaveLength(before);
      expect(must(['find', work, '-name', 'trap']).stdout).toBe('');
    });

    test('the sender is kept, also one that needs quotes, and the empty one', async () => {
      const { user, maildir } = person();
      const senders = [
        '',
        '"a b,c"@example.org',
        '"$(touch trap)"@example.org',
        '-f@example.org',
        'a+b=c@example.org',
      ];
      for (const from of senders) await server.deliver([user], messageOf(sample('ham-1')), from);
      const paths = messagesIn(maildir).map((message) => /^Return-path: <(.*)>$/m.exec(message)?.[1]);
      expect(paths.sort()).toEqual(senders.sort());
    });

    test('nobody else hands mail in past the filter', async () => {
      const { user, maildir } = person();
      const file = join(work, 'handed-in');
      writeFileSync(file, messageOf(sample('spam-1')), 'latin1');
      await server.command(['-odi', '-i', '-f', 'kim@example.org', user], file);
      expect(messagesIn(maildir, '.Spam')).toHaveLength(1);
    });

    test('what lies in the folder is found by IMAP, and a move teaches', async () => {
      const [place, mail] = [site.place('dovecot'), join(work, 'site/vmail')];
      const dovecot = new DovecotServer({ place, owner: eximUser, home: site.home, mail });
      await dovecot.start();
      try {
        const { user } = person();
        await server.deliver([user], messageOf(sample('spam-1')));
        const imap = await dovecot.imap(user);
        expect(await imap.messages('Spam')).toHaveLength(1);
        await imap.moveAll('Spam', 'INBOX');
        imap.end();
        expect(site.stats(user)).toMatchObject({ innocentMisclassified: 1 });
      } finally {
        await dovecot.stop();
      }
    });

    describe('addresses that teach', () => {
      const fields = 'MIME-Version: 1.0\nContent-Type: message/rfc822\n';

      /** Somebody, and what they have received, forwarded. */
      async function reader(): Promise<{ user: string; maildir: string; forwarded: string }> {
        const { user, maildir } = person();
        await server.deliver([user], messageOf(sample('spam-1')));
        const [body = ''] = messagesIn(maildir, '.Spam');
        return { user, maildir, forwarded: mail({ id: 'forwarded', fields, body }) };
      }

      test('who has received a message trains their own filter with it', async () => {
        const { user, maildir, forwarded } = await reader();
        await server.deliver(['notspam@example.net'], forwarded, user);
        expect(site.stats(user)).toMatchObject({ innocentMisclassified: 1, spamMisclassified: 0 });
        await server.deliver(['Spam@example.net'], forwarded, user);
        expect(site.stats(user)).toMatchObject({ spamMisclassified: 1 });
        expect(messagesIn(maildir)).toEqual([]);
      });

      test('nobody trains anybody else; what is not signed teaches nothing, goes back, and is no command', async () => {
        const { user, maildir, forwarded } = await reader();
        const ann = person();
        // What goes back is judged, too, and so counts as a message that is no spam.
        const learned = (who: string): unknown => {
          const { spamLearned, spamMisclassified } = site.stats(who);
          return [spamLearned, spamMisclassified];
        };
        const before = [learned(user), learned(ann.user)];
        await server.deliver(['spam@example.net'], forwarded, ann.user);
        await server.deliver(['spam@example.net'], mail({ id: 'unsigned' }), user);
        for (const place of [ann.maildir, maildir]) {
          expect(messagesIn(place)).toEqual([expect.stringContaining('Mail delivery failed')]);
        }
        // In a folder that the account of the pipe may write.
        const trap = join(site.home, 'trap');
        const failed = (): number => server.log().split('** spam@example.net').length;
        for (const name of [...commands(trap), `\${run{/usr/bin/touch ${trap}}}`, '-f']) {
          const count = failed();
          const from = `"${name.replace(/["\\]/g, '\\$&')}"@example.net`;
          await server.deliver(['spam@example.net'], forwarded, from);
          expect(failed(), `${name}: ${server.log()}`).toBe(count + 1);
        }
        expect(existsSync(trap)).toBe(false);
        await expect(server.deliver(['spam@example.net'], forwarded, '')).rejects.toThrow("'550'");
        expect([learned(user), learned(ann.user)]).toEqual(before);
      });
    });

    describe('by LMTP', () => {
      let daemon: Daemon;
      let other: EximServer;
      let maildir: string;
      const user = 'ann@example.net';

      beforeAll(async () => {
        const place = site.place('lmtp');
        other = new EximServer(place);
        daemon = new Daemon(
          '--set',
          'socketMode=666',
          '--set',
          `lmtpNext=maildir:${place}/vmail/%d/%n/Maildir`,
        );
        mkdirSync(join(daemon.place.home, 'users'));
        site.user(user, daemon.place.home);
        await daemon.start('--lmtp', join(place, 'socket'));
        const rule = ruleOf('exim', '--via', 'lmtp', '--on-failure', 'defer');
        other.configure(rule.replace('/run/tamis/lmtp\n  timeout', `${place}/socket\n  timeout`), (text) =>
          text.replaceAll('tamis_pipe', 'tamis_lmtp'),
        );
        maildir = other.addUser(user);
        await other.start();
      });
      afterAll(async () => {
        await other.stop();
        await daemon.remove();
      });

      test('the daemon judges and files, and mail waits while it does not run', async () => {
        await other.deliver([user], messageOf(sample('spam-1')));
        const [message = ''] = messagesIn(maildir, '.Spam');
        expect(judgement(message)).toContain('X-DSPAM-Result: Spam');
        expect(message).toMatch(/^Return-Path: <kim@example\.org>\n/);
        await daemon.stop('SIGKILL');
        await other.deliver([user], messageOf(sample('ham-1')));
        expect(other.waiting()).toHaveLength(1);
        await daemon.start('--lmtp', join(work, 'lmtp/socket'));
        await other.command(['-qff']);
        expect(other.waiting()).toEqual([]);
        expect(messagesIn(maildir)).toHaveLength(1);
      });
    });
  });
});
