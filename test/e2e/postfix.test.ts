/** examples/postfix, run by the real Postfix and Dovecot: as a content filter and by LMTP; spam is found by IMAP, and a move teaches. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mail } from '../cli/mail.ts';
import { Daemon } from '../daemon/daemon.ts';
import { describeAsRoot, describeWith } from '../peers.ts';
import type { Imap } from './dialogue.ts';
import { DovecotServer } from './dovecot-server.ts';
import { PostfixServer } from './postfix-server.ts';
import {
  commands,
  faulty,
  judgement,
  messageOf,
  must,
  root,
  ruleOf,
  sample,
  script,
  withoutJudgement,
  workFolder,
} from './site.ts';
import { TaughtSite } from './taught-site.ts';

/** nobody, in the place of `tamis`: pipe(8) takes an account by its name. */
const owner = { uid: 65_534, gid: 65_534 };

describeAsRoot('as root', () => {
  describeWith(['postfix', 'dovecot', 'imap', 'lmtp', 'sievec'], () => {
    const work = workFolder('tamis-postfix-');
    let dovecot: DovecotServer;
    let postfix: PostfixServer;
    let site: TaughtSite;
    let program: string;
    let imap: Imap;
    const user = 'joe@example.net';

    beforeAll(async () => {
      site = new TaughtSite(work, owner);
      site.user(user);
      dovecot = new DovecotServer({
        place: site.place('dovecot'),
        owner,
        home: site.home,
        options: { sieve: ['--via', 'lmtp'], dovecot: ['--subscribe', 'dovecot'] },
      });
      await dovecot.start();
      dovecot.addUser(user);
      program = faulty(work, site.filter);
      postfix = new PostfixServer(site.place('postfix'));
      const example = readFileSync(join(root, 'examples/postfix/main.cf'), 'utf8');
      const rule = ruleOf('postfix', '--program', program, '--on-failure', 'defer');
      const teaching = readFileSync(join(root, 'examples/postfix/master.cf'), 'utf8');
      await postfix.configure(
        example.replace('/run/dovecot/lmtp', dovecot.lmtp),
        (rule + teaching)
          .replaceAll('user=tamis', 'user=nobody')
          .replaceAll('/usr/bin/node /usr/local/bin/tamis', program),
      );
      postfix.postconf('-P', `${postfix.port}/inet/content_filter=tamis:dummy`);
      postfix.start();
      imap = await dovecot.imap(user);
    });
    afterAll(async () => {
      imap.end();
      postfix.stop();
      await dovecot.stop();
    });

    /** Waits for messages in a folder, and empties it. */
    async function arrived(folder: string, count = 1): Promise<string[]> {
      await expect.poll(async () => (await imap.messages(folder)).length, { timeout: 20_000 }).toBe(count);
      const found = await imap.messages(folder);
      await imap.command('STORE 1:* +FLAGS (\\Deleted)');
      await imap.command('EXPUNGE');
      return found;
    }

    test.each([
      ['spam-1', 'Spam', 'X-DSPAM-Result: Spam'],
      ['spam-2', 'Spam', 'X-DSPAM-Result: Spam'],
      ['ham-1', 'INBOX', 'X-DSPAM-Result: Innocent'],
    ] as const)(
      '%s comes by SMTP and is found in %s by IMAP, whole and judged',
      async (name, folder, result) => {
        const sent = messageOf(sample(name)).replace(/^Return-Path:.*\n/, '');
        await postfix.take([user], [`X-DSPAM-Result: Innocent\nx-dspam-result:\n Innocent\n${sent}`]);
        const [message = ''] = await arrived(folder);
        expect(judgement(message).filter((line) => /^x-dspam-result/i.test(line))).toEqual([result]);
        expect(withoutJudgement(message).endsWith(withoutJudgement(sent))).toBe(true);
        expect(message).toMatch(/^Return-Path: <kim@example\.org>\nDelivered-To: joe@example\.net\n/);
        expect(await imap.messages(folder === 'Spam' ? 'INBOX' : 'Spam')).toEqual([]);
      },
    );

    test('a move out of the folder retrains', async () => {
      await postfix.take([user], [messageOf(sample('spam-3'))]);
      await expect.poll(async () => (await imap.messages('Spam')).length, { timeout: 20_000 }).toBe(1);
      await imap.moveAll('Spam', 'INBOX');
      expect(site.stats(user)).toMatchObject({ innocentMisclassified: 1 });
      await arrived('INBOX');
    });

    test('mail waits while the filter fails, and comes when it works again', async () => {
      script(program, 'exit 100');
      await postfix.take([user], [messageOf(sample('ham-1'))]);
      await expect.poll(() => postfix.waiting().join(), { timeout: 20_000 }).toContain('"deferred"');
      expect([...(await imap.messages('INBOX')), ...(await imap.messages('Spam'))]).toEqual([]);
      script(program, site.filter);
      postfix.flush();
      await arrived('INBOX');
    });

    test('addresses that try to be commands, options or lists are only addresses', async () => {
      const names = [
        '$(touch trap)',
        '`touch trap`',
        'a;touch trap',
        "a'b",
        'a b',
        'a,b',
        'x,joe@example.net,y',
        'a"b',
      ];
      for (const name of names) {
        const other = `"${name.replace(/["\\]/g, '\\$&')}"@example.net`;
        await postfix.take([other], [messageOf(sample('ham-1'))]);
      }
      await expect.poll(() => postfix.waiting(), { timeout: 30_000 }).toEqual([]);
      expect(await imap.messages('INBOX')).toEqual([]);
      expect(must(['find', work, '-name', 'trap']).stdout).toBe('');
    });

    describe('addresses that teach', () => {
      const ann = 'ann@example.net';
      /** What becomes of each message, as the log says. */
      const ends = (): (string | undefined)[] => {
        const lines = postfix.log().split('\n');
        return lines
          .filter((line) => line.includes(' relay=tamis-'))
          .map((line) => / status=(\w+)/.exec(line)?.[1]);
      };
      const send = async (to: string, from: string, message: string): Promise<string | undefined> => {
        const before = ends().length;
        await postfix.take([`${to}@example.net`], [message], from);
        await expect.poll(() => ends().length, { timeout: 20_000 }).toBe(before + 1);
        return ends().at(-1);
      };

      /** What the user has received, forwarded. */
      async function forward(): Promise<string> {
        await postfix.take([user], [messageOf(sample('spam-1'))]);
        const [body = ''] = await arrived('Spam');
        return mail({ id: 'forwarded', fields: 'MIME-Version: 1.0\nContent-Type: message/rfc822\n', body });
      }

      beforeAll(() => {
        dovecot.addUser(ann);
        site.ask('train', '--user', ann, '--spam', join(root, 'examples/mail/Spam'));
      });

      test('who has received a message trains their own filter with it', async () => {
        const forwarded = await forward();
        const before = site.stats(user);
        expect(await send('notspam', user, forwarded)).toBe('sent');
        expect(site.stats(user)).toMatchObject({
          innocentMisclassified: (before['innocentMisclassified'] ?? 0) + 1,
          spamMisclassified: before['spamMisclassified'],
        });
        expect(await send('spam', user, forwarded)).toBe('sent');
        expect(site.stats(user)).toMatchObject({ spamMisclassified: (before['spamMisclassified'] ?? 0) + 1 });
      });

      test('nobody trains anybody else; what is not signed teaches nothing, goes back, and is no command', async () => {
        const forwarded = await forward();
        const before = [site.stats(user), site.stats(ann), site.ask('users', 'list')];
        const returned = [expect.stringContaining('Undelivered Mail Returned to Sender')];
        const box = await dovecot.imap(ann);
        expect(await send('notspam', ann, forwarded)).toBe('bounced');
        await expect.poll(() => box.messages('INBOX'), { timeout: 20_000 }).toEqual(returned);
        box.end();
        expect(await send('notspam', user, mail({ id: 'unsigned' }))).toBe('bounced');
        expect(await arrived('INBOX')).toEqual(returned);
        // In a folder that the account of the pipe may write.
        const trap = join(site.home, 'trap');
        const names = commands(trap).map((name) => `"${name.replace(/["\\]/g, '\\$&')}"@example.net`);
        for (const from of ['', 'mallory@example.net', ...names]) {
          expect(await send('spam', from, forwarded)).toBe('bounced');
        }
        expect([site.stats(user), site.stats(ann), site.ask('users', 'list')]).toEqual(before);
        expect(existsSync(trap)).toBe(false);
      });
    });

    describe('by LMTP', () => {
      let daemon: Daemon;
      beforeAll(async () => {
        daemon = new Daemon('--set', 'socketMode=666', '--set', `lmtpNext=lmtp:${dovecot.lmtp}`);
        must(['cp', '-r', `${site.home}/.`, daemon.place.home]);
        await daemon.start('--lmtp', join(work, 'lmtp'));
        postfix.postconf('-P', `${postfix.port}/inet/content_filter=`);
        postfix.postconf('-e', `virtual_transport=lmtp:unix:${work}/lmtp`);
        postfix.reload();
      });
      afterAll(async () => {
        await daemon.remove();
      });

      test('the daemon judges between Postfix and Dovecot, and mail waits while it does not run', async () => {
        await postfix.take([user], [messageOf(sample('spam-1'))]);
        const [message = ''] = await arrived('Spam');
        expect(judgement(message)).toContain('X-DSPAM-Result: Spam');
        await daemon.stop('SIGKILL');
        await postfix.take([user], [messageOf(sample('ham-1'))]);
        await expect.poll(() => postfix.waiting().join(), { timeout: 20_000 }).toContain('"deferred"');
        await daemon.start('--lmtp', join(work, 'lmtp'));
        postfix.flush();
        await arrived('INBOX');
      });

      test('the daemon is a content filter, too', async () => {
        const rule = ruleOf('postfix', '--via', 'lmtp', '--on-failure', 'defer');
        expect(rule).toContain('content_filter=tamis:unix:/run/tamis/lmtp');
        writeFileSync(join(postfix.conf, 'master.cf'), rule, { flag: 'a' });
        postfix.postconf('-e', `virtual_transport=lmtp:unix:${dovecot.lmtp}`);
        postfix.postconf('-P', `${postfix.port}/inet/content_filter=tamis:unix:${work}/lmtp`);
        postfix.reload();
        await postfix.take([user], [messageOf(sample('spam-1'))]);
        const [message = ''] = await arrived('Spam');
        expect(judgement(message)).toContain('X-DSPAM-Result: Spam');
      });
    });
  });
});
