/**
 * What becomes of a message in every way in which a filter can fail, for hosts that are programs: the table of rules/README.md, cell by
 * cell. Hosts that are servers are in failures-servers.test.ts.
 *
 * maildrop, procmail and Dovecot's deliverer are the real programs. Lines of .qmail are run as qmail-local runs them, with a program that
 * stores what it gets in the place of vdelivermail, and the status is read as qmail-local reads it.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'vitest';
import { describeWith } from '../peers.ts';
import { failurePlace, hasty, outcome, rulesOf, testFailures, told, user, type Host } from './failing.ts';
import { giveTo, must, rule, ruleOf, run, script, type Ended } from './site.ts';

/** Nobody in particular: Dovecot's deliverer will not be root. */
const owner = { uid: 64_223, gid: 64_223 };

const shared = failurePlace(owner);
const message = shared.message;

function withMaildrop(maildrop: string, defer: boolean): Host['deliver'] {
  return (place, maildir, filter) => {
    const file = join(place, 'mailfilter');
    const to = `TAMIS_USER="${user}"\nTAMIS_MAILDIR="${maildir}"\n`;
    const rules = hasty(rulesOf('maildrop', filter, defer));
    writeFileSync(file, `${to}${rules}to "${maildir}"\n`, { mode: 0o600 });
    return outcome(maildir, told(run([maildrop, file], { stdin: message, cwd: place }).status, [75]));
  };
}

function withProcmail(procmail: string, defer: boolean): Host['deliver'] {
  return (place, maildir, filter) => {
    const file = join(place, 'procmailrc');
    const to = `TAMIS_USER="${user}"\nTAMIS_MAILDIR="${maildir}"\nMAILDIR="${maildir}"\n`;
    const rules = hasty(rulesOf('procmail', filter, defer));
    writeFileSync(file, `${to}${rules}:0 r\n./\n`, { mode: 0o600 });
    return outcome(maildir, told(run([procmail, file], { stdin: message, cwd: place }).status, [75]));
  };
}

/** What stands in the place of vdelivermail: it stores what it gets. */
function store(place: string, maildir: string): string {
  return script(join(place, 'store'), `T='${maildir}/tmp/'$$; cat >"$T" && mv "$T" '${maildir}/new/'$$`);
}

function withQmail(kind: 'vdelivermail' | 'maildir', defer: boolean): Host['deliver'] {
  return (place, maildir, filter) => {
    const preline = script(join(place, 'preline'), 'shift; exec "$@"');
    const deliverer = store(place, maildir);
    const folder = kind === 'maildir' ? ['--folder', 'Spam'] : [];
    const text = rulesOf('qmail', [...filter, ...folder, '--user', user], defer);
    const line = (/^\|(.*)$/m.exec(text)?.[1] ?? '')
      .replace('/home/vpopmail/bin/vdelivermail', deliverer)
      .replace('/var/qmail/bin/preline', preline);
    const env = { PATH: '/usr/bin:/bin' };
    giveTo(owner, place, maildir, ...['cur', 'new', 'tmp'].map((part) => join(maildir, part)));
    const { status } = run(['/bin/sh', '-c', line], { stdin: message, cwd: place, env, as: owner });
    const bounces = [64, 65, 70, 76, 77, 78, 100, 112];
    return outcome(maildir, status === 0 ? 'done' : bounces.includes(status ?? 111) ? 'bounced' : 'again');
  };
}

function withDovecot(lda: string, sievec: string, guarded: boolean): Host['deliver'] {
  return (place, maildir, filter) => {
    const bin = join(place, 'bin');
    mkdirSync(bin);
    const [, path = '', ...words] = filter;
    const there = path !== '' && existsSync(path);
    const program = join(bin, guarded ? 'tamis-filter' : 'filter');
    if (guarded) {
      mkdirSync(join(place, 'dist'));
      script(program, hasty(readFileSync(rule('tamis-filter'), 'utf8')).replace('#!/bin/sh\n', ''));
      if (there) script(join(place, 'dist/tamis.js'), `exec '${path}' "$@"`);
    } else if (there) {
      script(program, `exec '${path}' "$@"`);
    }
    const [via = ''] = words.slice(1);
    writeFileSync(
      join(place, 'tamis.sieve'),
      ruleOf('sieve', '--program', program, ...(via === 'spamc' ? words : [])),
    );
    writeFileSync(join(place, 'log'), '');
    giveTo(
      owner,
      place,
      maildir,
      join(place, 'log'),
      ...['cur', 'new', 'tmp'].map((part) => join(maildir, part)),
    );
    const conf = join(place, 'dovecot.conf');
    writeFileSync(conf, dovecotSettings(place));
    must([sievec, '-c', conf, join(place, 'tamis.sieve')], { env: { PATH: '/usr/bin:/bin' } });
    const env = { HOME: place, USER: user };
    const ended: Ended = run([lda, '-c', conf, '-f', 'a@example.org'], {
      stdin: message,
      env,
      as: owner,
    });
    return outcome(maildir, told(ended.status, [75]));
  };
}

function dovecotSettings(place: string): string {
  return `base_dir = ${place}/run
state_dir = ${place}/run
log_path = ${place}/log
ssl = no
protocols =
first_valid_uid = 0
mail_location = maildir:~/Maildir
protocol lda {
  mail_plugins = $mail_plugins sieve
}
plugin {
  sieve = file:${place}/none;active=${place}/none.sieve
  sieve_plugins = sieve_extprograms
  sieve_global_extensions = +vnd.dovecot.filter +vnd.dovecot.environment +editheader
  sieve_before = ${place}/tamis.sieve
  sieve_filter_bin_dir = ${place}/bin
  sieve_filter_input_eol = lf
  sieve_filter_exec_timeout = 3s
}
`;
}

describeWith(
  ['maildrop', 'procmail', 'dovecot-lda', 'sievec', 'spamc', 'setpriv'],
  (maildrop, procmail, lda, sievec) => {
    const qmailCannot = [
      'hangs',
      'exits 0 and prints nothing',
      'exits 0 and prints half',
      'finds no daemon: spamc',
    ];
    const hosts: Readonly<Record<string, Host>> = {
      'maildrop, inbox': { column: 'guard, `inbox`', deliver: withMaildrop(maildrop, false) },
      'procmail, inbox': { column: 'guard, `inbox`', deliver: withProcmail(procmail, false) },
      'Sieve by tamis-filter': {
        column: 'guard, `inbox`',
        // tamis-filter runs tamis, and nothing else.
        cannot: ['finds no daemon: spamc'],
        deliver: withDovecot(lda, sievec, true),
      },
      'maildrop, defer': { column: 'guard, `defer`', deliver: withMaildrop(maildrop, true) },
      'procmail, defer': { column: 'guard, `defer`', deliver: withProcmail(procmail, true) },
      'qmail with vdelivermail': {
        column: 'qmail',
        cannot: qmailCannot,
        deliver: withQmail('vdelivermail', false),
      },
      'qmail with a Maildir': { column: 'qmail', cannot: qmailCannot, deliver: withQmail('maildir', false) },
      'qmail with vdelivermail, defer': {
        column: 'qmail, `defer`',
        cannot: qmailCannot,
        deliver: withQmail('vdelivermail', true),
      },
      'qmail with a Maildir, defer': {
        column: 'qmail, `defer`',
        cannot: qmailCannot,
        deliver: withQmail('maildir', true),
      },
      'Sieve by a program': {
        column: 'Sieve, `--program`: no guard',
        deliver: withDovecot(lda, sievec, false),
      },
    };

    describe.each(Object.entries(hosts))('%s', (_, host) => {
      testFailures(host, shared);
    });
  },
);
