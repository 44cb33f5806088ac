/**
 * What becomes of a message in every way in which a filter can fail, for hosts that are servers: the real Exim, the real Postfix, and the
 * real Dovecot by LMTP. The table is in rules/README.md.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe } from 'vitest';
import { describeAsRoot, describeWith } from '../peers.ts';
import { DovecotServer } from './dovecot-server.ts';
import { freePort } from './dialogue.ts';
import { EximServer, eximUser } from './exim-server.ts';
import { failurePlace, forged, hasty, outcome, rulesOf, testFailures, user, type Host } from './failing.ts';
import { PostfixServer } from './postfix-server.ts';
import { giveTo, must, rule, ruleOf, script } from './site.ts';

describeAsRoot('as root', () => {
  describeWith(['exim4', 'setpriv', 'spamc'], () => {
    const shared = failurePlace(eximUser);

    const withExim =
      (defer: boolean): Host['deliver'] =>
      async (place, _, filter) => {
        const server = new EximServer(place);
        server.configure(hasty(rulesOf('exim', [...filter, '--user', user], defer)));
        const maildir = server.addUser(user);
        await server.command(['-odi', '-i', '-f', 'a@example.org', user], shared.message);
        const waits = server.waiting().length > 0;
        return outcome(maildir, server.log().includes(' ** ') ? 'bounced' : waits ? 'again' : 'done');
      };

    describe.each<[string, Host]>([
      ['Exim, inbox', { column: 'guard, `inbox`', deliver: withExim(false) }],
      ['Exim, defer', { column: 'guard, `defer`', deliver: withExim(true) }],
    ])('%s', (_, host) => {
      testFailures(host, shared);
    });
  });

  describeWith(['postfix', 'spamc'], () => {
    // pipe(8) takes an account by its name: nobody.
    const owner = { uid: 65_534, gid: 65_534 };
    const shared = failurePlace(owner);
    const ways = ['tamis', 'tamisc', 'spamc'] as const;
    const ports = new Map<string, number>();
    let postfix: PostfixServer;
    let program: string;
    let maildir: string;

    beforeAll(async () => {
      const place = join(shared.work, 'postfix');
      mkdirSync(join(place, 'mail'), { recursive: true });
      giveTo(owner, join(place, 'mail'));
      program = join(place, 'filter');
      maildir = join(place, 'mail/Maildir');
      postfix = new PostfixServer(place);
      let services = '';
      for (const defer of [false, true]) {
        for (const via of ways) {
          const name = `tamis-${via}-${String(defer)}`;
          const port = await freePort();
          ports.set(name, port);
          const rule = hasty(rulesOf('postfix', ['--program', program, '--via', via], defer));
          services += rule.replace(/^tamis {2,}/m, `${name} `).replace('user=tamis', 'user=nobody');
          services += `${port} inet n - n - - smtpd\n  -o content_filter=${name}:dummy\n`;
        }
      }
      const settings = `virtual_mailbox_domains = example.net
virtual_mailbox_base = ${place}/mail
virtual_mailbox_maps = static:Maildir/
virtual_uid_maps = static:${owner.uid}
virtual_gid_maps = static:${owner.gid}
virtual_transport = virtual
`;
      await postfix.configure(settings, services);
      postfix.start();
    });
    afterAll(() => {
      postfix.stop();
    });

    const withPostfix =
      (defer: boolean): Host['deliver'] =>
      async (_, __, filter) => {
        const [, path = '', , via = 'tamis'] = filter;
        rmSync(program, { force: true });
        rmSync(maildir, { recursive: true, force: true });
        if (existsSync(path)) script(program, `exec '${path}' "$@"`);
        postfix.port = ports.get(`tamis-${via}-${String(defer)}`) ?? NaN;
        await postfix.take([user], [forged], 'a@example.org');
        try {
          for (;;) {
            await sleep(50);
            const waiting = postfix.waiting();
            if (waiting.some((one) => one.includes('"sender": "MAILER-DAEMON"')))
              return outcome(maildir, 'bounced');
            if (waiting.some((one) => one.includes('"delay_reason"'))) return outcome(maildir, 'again');
            if (waiting.length === 0) return outcome(maildir, 'done');
          }
        } finally {
          postfix.forget();
        }
      };

    describe.each<[string, Host]>([
      ['Postfix, inbox', { column: 'guard, `inbox`', deliver: withPostfix(false) }],
      ['Postfix, defer', { column: 'guard, `defer`', deliver: withPostfix(true) }],
    ])('%s', (_, host) => {
      testFailures(host, shared);
    });
  });

  describeWith(['dovecot', 'imap', 'lmtp', 'sievec', 'spamc'], (_dovecot, _imap, _lmtp, sievec) => {
    const owner = { uid: 64_226, gid: 64_226 };
    const shared = failurePlace(owner);
    let server: DovecotServer;
    let cell: string;

    beforeAll(async () => {
      const place = join(shared.work, 'site');
      cell = join(place, 'cell');
      mkdirSync(cell, { recursive: true });
      const settings = `plugin {
  sieve_before = ${cell}/tamis.sieve
  sieve_filter_bin_dir = ${cell}/rules
  sieve_filter_exec_timeout = 3s
}
`;
      server = new DovecotServer({ place, owner, home: shared.home(), settings });
      await server.start();
    });
    afterAll(async () => {
      await server.stop();
    });

    const withLmtp =
      (guarded: boolean): Host['deliver'] =>
      async (_, __, filter) => {
        rmSync(cell, { recursive: true, force: true });
        for (const folder of ['rules', 'dist']) mkdirSync(join(cell, folder), { recursive: true });
        const [, path = '', ...words] = filter;
        const name = guarded ? 'tamis-filter' : 'filter';
        const guard = hasty(readFileSync(rule('tamis-filter'), 'utf8')).replace('#!/bin/sh\n', '');
        if (guarded) script(join(cell, 'rules', name), guard);
        // tamis-filter runs what lies beside it.
        const program = join(cell, guarded ? 'dist/tamis.js' : `rules/${name}`);
        if (existsSync(path)) script(program, `exec '${path}' "$@"`);
        const file = join(cell, 'tamis.sieve');
        writeFileSync(
          file,
          ruleOf('sieve', '--program', join(cell, 'rules', name), ...(words[1] === 'spamc' ? words : [])),
        );
        must([sievec, '-c', server.conf, file], { env: { PATH: '/usr/bin:/bin' } });
        const maildir = server.addUser(user);
        try {
          const reply = await server.deliver(user, forged).catch(() => '451 the connection has ended');
          return outcome(
            maildir,
            reply.startsWith('2') ? 'done' : reply.startsWith('4') ? 'again' : 'bounced',
          );
        } finally {
          rmSync(maildir, { recursive: true });
        }
      };

    describe.each<[string, Host]>([
      [
        'Dovecot by LMTP, tamis-filter',
        // tamis-filter runs tamis, and nothing else.
        { column: 'guard, `inbox`', cannot: ['finds no daemon: spamc'], deliver: withLmtp(true) },
      ],
      ['Dovecot by LMTP, a program', { column: 'Sieve, `--program`: no guard', deliver: withLmtp(false) }],
    ])('%s', (_, host) => {
      testFailures(host, shared);
    });
  });
});
