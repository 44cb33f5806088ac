/**
 * What becomes of a message in every way in which a filter can fail, for hosts that are servers: the real Exim, and the real Dovecot by
 * LMTP. The table is in rules/README.md.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { describeAsRoot, describeWith } from '../peers.ts';
import { DovecotServer } from './dovecot-server.ts';
import { EximServer, eximUser } from './exim-server.ts';
import { failurePlace, forged, hasty, outcome, rulesOf, testFailures, user, type Host } from './failing.ts';
import { must, rule, ruleOf, script } from './site.ts';

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
