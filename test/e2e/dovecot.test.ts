/**
 * examples/dovecot, run by the real Dovecot: mail comes in by LMTP, Sieve files it, IMAP finds it, and moves by IMAP teach. One server for
 * all tests; each has a user of its own.
 */
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { describeAsRoot, describeWith } from '../peers.ts';
import type { Imap } from './dialogue.ts';
import { DovecotServer } from './dovecot-server.ts';
import { judgement, messageOf, sample, script, withoutJudgement, workFolder } from './site.ts';
import { TaughtSite } from './taught-site.ts';

const owner = { uid: 64_224, gid: 64_224 };
/** How many messages of examples/mail everybody has taught. */
const samples = 48;

describeAsRoot('as root', () => {
  describeWith(['dovecot', 'imap', 'lmtp', 'sievec'], () => {
    const work = workFolder('tamis-dovecot-');
    let server: DovecotServer;
    let site: TaughtSite;
    const open: Imap[] = [];

    beforeAll(async () => {
      site = new TaughtSite(work, owner);
      const options = { sieve: ['--mark-read'], dovecot: ['--subscribe', 'dovecot'] };
      server = new DovecotServer({ place: site.place('site'), owner, home: site.home, options });
      await server.start();
    });
    afterEach(() => {
      for (const imap of open.splice(0)) imap.end();
    });
    afterAll(async () => {
      await server.stop();
    });

    interface Person {
      readonly user: string;
      readonly maildir: string;
      readonly imap: Imap;
    }

    /** Somebody who has taught the sample mail, and is logged in. */
    async function person(): Promise<Person> {
      const user = site.user();
      const maildir = server.addUser(user);
      const imap = await server.imap(user);
      open.push(imap);
      return { user, maildir, imap };
    }

    /** How many messages somebody has corrected, and how many count as learned. */
    function taught(user: string): { spam: number; innocent: number; learned: number } {
      const stats = site.stats(user);
      return {
        spam: stats['spamMisclassified'] ?? NaN,
        innocent: stats['innocentMisclassified'] ?? NaN,
        learned: (stats['spamLearned'] ?? NaN) + (stats['innocentLearned'] ?? NaN),
      };
    }

    /** Dovecot puts its lines before those of the sender. */
    function expectWhole(message: string, sent: string): void {
      const rest = withoutJudgement(sent);
      expect(withoutJudgement(message).endsWith(rest)).toBe(true);
      expect(withoutJudgement(message).slice(0, -rest.length)).toMatch(
        /^Return-Path: <kim@example\.org>\nDelivered-To: .*\n(?:Received: .*\n(?:\t.*\n)+)+$/,
      );
    }

    test.each([
      ['spam-1', 'Spam', 'X-DSPAM-Result: Spam'],
      ['spam-2', 'Spam', 'X-DSPAM-Result: Spam'],
      ['ham-1', 'INBOX', 'X-DSPAM-Result: Innocent'],
    ] as const)(
      '%s comes by LMTP and is found in %s by IMAP, whole and judged',
      async (name, folder, result) => {
        const { user, imap } = await person();
        expect(await server.deliver(user, messageOf(sample(name)))).toMatch(/^250 /);
        const [message = '', ...more] = await imap.messages(folder);
        expect(more).toEqual([]);
        expect(await imap.messages(folder === 'Spam' ? 'INBOX' : 'Spam')).toEqual([]);
        expect(judgement(message).filter((line) => line.startsWith('X-DSPAM-Result'))).toEqual([result]);
        expectWhole(message, messageOf(sample(name)));
        expect(await imap.flags(folder)).toEqual([
          folder === 'Spam' ? expect.stringContaining('\\Seen') : '',
        ]);
      },
    );

    test('everybody is subscribed to the folder, which is the one for junk', async () => {
      const { imap } = await person();
      expect(await imap.command('LSUB "" "*"')).toContain('* LSUB (\\Junk) "." Spam');
    });

    test('a move out of the folder teaches that a message is innocent, a move back that it is spam, each once', async () => {
      const { user, imap } = await person();
      await server.deliver(user, messageOf(sample('spam-1')));
      await imap.moveAll('Spam', 'INBOX');
      expect(taught(user)).toEqual({ spam: 0, innocent: 1, learned: samples + 1 });
      await imap.moveAll('INBOX', 'Spam');
      expect(taught(user)).toMatchObject({ spam: 1, learned: samples + 1 });
      await imap.command('SELECT Spam');
      // Programs without MOVE copy, and delete what they have copied.
      await imap.command('COPY 1:* INBOX');
      expect(taught(user)).toMatchObject({ innocent: 2, learned: samples + 1 });
    });

    test('a correction by a move holds: the same message is judged otherwise from then on', async () => {
      const { user, imap } = await person();
      await server.deliver(user, messageOf(sample('spam-1')));
      await imap.moveAll('Spam', 'INBOX');
      for (let n = 0; n < 3; n++) {
        await server.deliver(user, messageOf(sample('spam-1')).replace('<meds.1', `<meds.1${n}`));
        if ((await imap.messages('Spam')).length > 0) await imap.moveAll('Spam', 'INBOX');
      }
      await server.deliver(user, messageOf(sample('spam-1')));
      expect(await imap.messages('Spam')).toEqual([]);
    });

    test('no move to Trash teaches anything, nor one between other folders', async () => {
      const { user, imap } = await person();
      for (const name of ['spam-1', 'spam-3', 'ham-1'] as const)
        await server.deliver(user, messageOf(sample(name)));
      const before = taught(user);
      await imap.command('CREATE "Trash.Old"');
      await imap.command('CREATE "Deleted Messages"');
      await imap.command('SELECT Spam');
      await imap.command('COPY 1 "Trash.Old"');
      await imap.command('COPY 1 "Deleted Messages"');
      await imap.moveAll('Spam', 'Trash');
      await imap.moveAll('INBOX', 'Trash');
      await imap.moveAll('Trash', 'INBOX');
      expect(taught(user)).toEqual(before);
      expect(await imap.messages('INBOX')).toHaveLength(3);
    });

    test('what a mail program stores in the folder is learned as spam', async () => {
      const { user, imap } = await person();
      const before = taught(user);
      await imap.append('INBOX', messageOf(sample('spam-3')));
      expect(taught(user)).toEqual(before);
      await imap.append('Spam', messageOf(sample('spam-3')));
      expect(taught(user)).toEqual({ ...before, spam: before.spam + 1, learned: before.learned + 1 });
    });

    test('nobody teaches anybody else, whatever the message says', async () => {
      const [one, other] = [await person(), await person()];
      await server.deliver(one.user, messageOf(sample('ham-1')));
      const [message = ''] = await one.imap.messages('INBOX');
      const before = taught(one.user);
      await other.imap.append('Spam', message);
      expect(taught(one.user)).toEqual(before);
    });

    test('a move succeeds though nothing can be learned, and a message comes though none can be judged', async () => {
      const { user, imap } = await person();
      await server.deliver(user, messageOf(sample('spam-1')));
      const working = readFileSync(server.program, 'utf8');
      for (const failing of ['exit 1', 'kill -9 $$', 'exit 75']) {
        script(server.program, failing);
        await imap.moveAll('Spam', 'INBOX');
        await imap.moveAll('INBOX', 'Spam');
        expect(await imap.messages('Spam')).toHaveLength(1);
      }
      expect(await server.deliver(user, messageOf(sample('spam-2')))).toMatch(/^250 /);
      const [message = ''] = await imap.messages('INBOX');
      expectWhole(message, messageOf(sample('spam-2')));
      script(server.program, working.replace('#!/bin/sh\n', '').trimEnd());
      expect(await server.deliver(user, messageOf(sample('spam-2')))).toMatch(/^250 /);
      expect(await imap.messages('Spam')).toHaveLength(2);
    });
  });
});
