/**
 * What becomes of a message in every way in which a filter can fail, for every host: the table of rules/README.md, cell by cell.
 *
 * maildrop, procmail and Dovecot's deliverer are the real programs. The commands of Postfix and Exim are read as pipe(8) and Exim's
 * pipe transport read them and run by the real shell, with a program that stores what it gets in the place of sendmail, and lines
 * of .qmail as qmail-local runs them; the status is then read as each of them reads it.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { LevelStore } from '../../src/store/level/level-store.ts';
import { describeWith } from '../peers.ts';
import {
  emptyConfig,
  faulty,
  giveTo,
  makeMaildir,
  messagesIn,
  must,
  node,
  root,
  rule,
  ruleOf,
  run,
  script,
  tamis,
  taughtHome,
  withoutJudgement,
  workFolder,
  type Ended,
} from './site.ts';

/** Nobody in particular: Dovecot's deliverer will not be root. */
const owner = { uid: 64_223, gid: 64_223 };
const user = 'anna';

const faults = {
  'exits 1': 'cat >/dev/null; exit 1',
  'exits 75': 'exit 75',
  'exits 100': 'cat >/dev/null; exit 100',
  'exits 111': 'cat >/dev/null; exit 111',
  'is killed': 'head -c 300; kill -9 $$',
  'is not there': undefined,
  hangs: 'head -c 300; exec sleep 1000',
  'exits 0 and prints nothing': 'cat >/dev/null',
  'exits 0 and prints half': 'head -c 300',
} as const;

/** Faults of what stands behind the real filter. */
const troubles = {
  'finds no daemon: tamisc': 'tamisc',
  'finds no daemon: spamc': 'spamc',
  'finds the store locked': 'tamis',
} as const;

/** A message with lines that its sender has forged: one alone, one folded, one twice. */
const forged = `From: a@example.org
X-DSPAM-Result: Spam
Subject: x
x-dspam-result:
\tSpam
X-DSPAM-Signature: 1
X-Other: x

${'A line of text.\n'.repeat(100)}end
`;

type Outcome =
  'inbox' | 'inbox, forged lines too' | 'again' | 'bounced' | 'lost' | 'cut' | 'empty' | 'twice' | 'spam';

/** What is in a Maildir, and what a host has been told. */
function outcome(maildir: string, told: 'done' | 'again' | 'bounced'): Outcome {
  const [spam] = messagesIn(maildir, '.Spam');
  if (spam === forged || spam?.endsWith('\nend\n') === true) return 'spam';
  const [message, ...more] = [...messagesIn(maildir), ...messagesIn(maildir, '.Spam')];
  if (more.length > 0 || (message !== undefined && told !== 'done')) return 'twice';
  if (message === undefined) return told === 'done' ? 'lost' : told;
  if (message === forged) return 'inbox, forged lines too';
  // The folded line leaves nothing behind.
  if (message === withoutJudgement(forged.replace('x-dspam-result:\n\tSpam\n', ''))) return 'inbox';
  return message === '' ? 'empty' : 'cut';
}

/** How a filter is named and reached: options of `tamis rules`. */
type Filter = readonly string[];

interface Host {
  /** The column of rules/README.md. */
  readonly column: string;
  readonly cannot?: readonly string[];
  readonly deliver: (place: string, maildir: string, filter: Filter) => Outcome;
}

const work = workFolder('tamis-failures-');
let home: string;
let places = 0;
beforeAll(() => {
  home = taughtHome(work, user, { as: owner });
});

/** The rule with less patience, so that a test need not wait for a minute. */
const hasty = (text: string): string => {
  expect(text).toContain('timeout -k 5 ');
  return text.replace(/timeout -k 5 \d{1,3} /, 'timeout -k 1 1 ');
};

const environment = (): Record<string, string> => ({
  TAMIS_HOME: home,
  TAMIS_CONFIG: emptyConfig(work),
  TAMIS_SOCKET: '/nonexistent/tamis.sock',
});

const messageFile = (): string => join(work, 'message');

function rulesOf(host: string, filter: Filter, defer: boolean): string {
  return ruleOf(host, ...filter, ...(defer ? ['--on-failure', 'defer'] : []));
}

const told = (status: number | null, again: readonly (number | null)[]): 'done' | 'again' | 'bounced' =>
  status === 0 ? 'done' : [...again, null].includes(status) ? 'again' : 'bounced';

function withMaildrop(maildrop: string, defer: boolean): Host['deliver'] {
  return (place, maildir, filter) => {
    const file = join(place, 'mailfilter');
    const set = Object.entries(environment()).map(([name, value]) => `${name}="${value}"\n`);
    const to = `TAMIS_USER="${user}"\nTAMIS_MAILDIR="${maildir}"\n`;
    const rules = hasty(rulesOf('maildrop', filter, defer));
    writeFileSync(file, `${set.join('')}${to}${rules}to "${maildir}"\n`, { mode: 0o600 });
    return outcome(maildir, told(run([maildrop, file], { stdin: messageFile(), cwd: place }).status, [75]));
  };
}

function withProcmail(procmail: string, defer: boolean): Host['deliver'] {
  return (place, maildir, filter) => {
    const file = join(place, 'procmailrc');
    const set = Object.entries(environment()).map(([name, value]) => `${name}="${value}"\n`);
    const to = `TAMIS_USER="${user}"\nTAMIS_MAILDIR="${maildir}"\nMAILDIR="${maildir}"\n`;
    const rules = hasty(rulesOf('procmail', filter, defer));
    writeFileSync(file, `${set.join('')}${to}${rules}:0 r\n./\n`, { mode: 0o600 });
    return outcome(maildir, told(run([procmail, file], { stdin: messageFile(), cwd: place }).status, [75]));
  };
}

/** What stands in the place of sendmail: it stores what it gets. */
function store(place: string, maildir: string): string {
  return script(join(place, 'store'), `T='${maildir}/tmp/'$$; cat >"$T" && mv "$T" '${maildir}/new/'$$`);
}

/** A line of a rule, without what stands around the command in it. */
function between(text: string, before: string, after: string): string {
  const start = text.indexOf(before);
  const end = text.indexOf(after, start);
  expect(start).toBeGreaterThanOrEqual(0);
  return text.slice(start + before.length, end);
}

function withPostfix(defer: boolean): Host['deliver'] {
  return (place, maildir, filter) => {
    const text = hasty(rulesOf('postfix', filter, defer));
    const command = between(text, 'argv=/bin/sh -c { ', ' } tamis ${sender}').replaceAll('$$', '$');
    const submitting = command.replaceAll('/usr/sbin/sendmail', store(place, maildir));
    const words = ['/bin/sh', '-c', submitting, 'tamis', 'a@example.org', user];
    return outcome(maildir, told(run(words, { stdin: messageFile(), env: environment() }).status, [75]));
  };
}

function withExim(defer: boolean): Host['deliver'] {
  return (place, maildir, filter) => {
    const text = hasty(rulesOf('exim', [...filter, '--user', user], defer));
    expect(text).toContain('temp_errors = *');
    const command = between(text, 'command = /bin/sh -c "\\\\N', '\\\\N"\n').replace(/\\(.)/g, '$1');
    const submitting = command.replaceAll('/usr/sbin/exim4', store(place, maildir));
    const env = { ...environment(), SENDER: 'a@example.org', RECIPIENT: user };
    const { status } = run(['/bin/sh', '-c', submitting], { stdin: messageFile(), env });
    return outcome(maildir, status === 0 ? 'done' : 'again');
  };
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
    const env = { PATH: '/usr/bin:/bin', ...environment() };
    giveTo(owner, place, maildir, ...['cur', 'new', 'tmp'].map((part) => join(maildir, part)));
    const { status } = run(['/bin/sh', '-c', line], { stdin: messageFile(), cwd: place, env, as: owner });
    const bounces = [64, 65, 70, 76, 77, 78, 100, 112];
    return outcome(maildir, status === 0 ? 'done' : bounces.includes(status ?? 111) ? 'bounced' : 'again');
  };
}

function withDovecot(lda: string, sievec: string, guarded: boolean): Host['deliver'] {
  return (place, maildir, filter) => {
    const bin = join(place, 'bin');
    mkdirSync(bin);
    const [, path = '', ...words] = filter;
    const set = Object.entries(environment()).map(([name, value]) => `export ${name}='${value}'\n`);
    const there = path !== '' && existsSync(path);
    const program = join(bin, guarded ? 'tamis-filter' : 'filter');
    if (guarded) {
      mkdirSync(join(place, 'dist'));
      script(program, hasty(readFileSync(rule('tamis-filter'), 'utf8')).replace('#!/bin/sh\n', ''));
      if (there) script(join(place, 'dist/tamis.js'), `${set.join('')}exec '${path}' "$@"`);
    } else if (there) {
      script(program, `${set.join('')}exec '${path}' "$@"`);
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
      stdin: messageFile(),
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

/** The table of rules/README.md: for each column, what it says of each fault. */
function table(): Readonly<Record<string, Readonly<Record<string, string>>>> {
  const lines = readFileSync(join(root, 'rules/README.md'), 'utf8').split('\n');
  const cells = (line: string): string[] =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
  const start = lines.findIndex((line) => line.startsWith('| the filter |'));
  const end = lines.findIndex((line, at) => at > start && !line.startsWith('|'));
  const [, ...columns] = cells(lines[start] ?? '');
  const rows = lines.slice(start + 2, end).map(cells);
  return Object.fromEntries(
    columns.map((column, at) => [
      column,
      Object.fromEntries(rows.map(([fault = '', ...said]) => [fault, said[at] ?? ''])),
    ]),
  );
}

describeWith(
  ['maildrop', 'procmail', 'dovecot-lda', 'sievec', 'spamc', 'setpriv'],
  (maildrop, procmail, lda, sievec, spamc) => {
    beforeAll(() => {
      writeFileSync(messageFile(), forged);
    });

    const qmailCannot = [
      'hangs',
      'exits 0 and prints nothing',
      'exits 0 and prints half',
      'finds no daemon: spamc',
    ];
    const hosts: Readonly<Record<string, Host>> = {
      'maildrop, inbox': { column: 'guard, `inbox`', deliver: withMaildrop(maildrop, false) },
      'procmail, inbox': { column: 'guard, `inbox`', deliver: withProcmail(procmail, false) },
      'Postfix, inbox': { column: 'guard, `inbox`', deliver: withPostfix(false) },
      'Exim, inbox': { column: 'guard, `inbox`', deliver: withExim(false) },
      'Sieve by tamis-filter': {
        column: 'guard, `inbox`',
        // tamis-filter runs tamis, and nothing else.
        cannot: ['finds no daemon: spamc'],
        deliver: withDovecot(lda, sievec, true),
      },
      'maildrop, defer': { column: 'guard, `defer`', deliver: withMaildrop(maildrop, true) },
      'procmail, defer': { column: 'guard, `defer`', deliver: withProcmail(procmail, true) },
      'Postfix, defer': { column: 'guard, `defer`', deliver: withPostfix(true) },
      'Exim, defer': { column: 'guard, `defer`', deliver: withExim(true) },
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

    describe.each(Object.keys(hosts))('%s', (name) => {
      const host = hosts[name];
      const check = (fault: string, filter: Filter): void => {
        const place = join(work, String(++places));
        mkdirSync(place);
        const maildir = makeMaildir(join(place, 'Maildir'));
        expect(host?.deliver(place, maildir, filter)).toBe(
          table()[host?.column ?? '']?.[fault]?.replaceAll('**', ''),
        );
      };

      test.each(Object.entries(faults).filter(([fault]) => host?.cannot?.includes(fault) !== true))(
        'a filter that %s',
        (fault, text) => {
          check(fault, ['--program', text === undefined ? '/nonexistent/tamis' : faulty(work, text)]);
        },
      );

      test.each(Object.entries(troubles).filter(([fault]) => host?.cannot?.includes(fault) !== true))(
        'a filter that %s',
        async (fault, kind) => {
          const filters: Readonly<Record<typeof kind, Filter>> = {
            tamis: ['--program', faulty(work, `exec '${node}' '${tamis}' --set deadline=0.3 "$@"`)],
            tamisc: [
              '--program',
              faulty(work, `exec '${node}' '${join(root, 'dist/tamisc.js')}' "$@"`),
              '--via',
              'tamisc',
            ],
            // A port that nobody listens on.
            spamc: ['--program', faulty(work, `exec '${spamc}' -d 127.0.0.1 -p 9 "$@"`), '--via', 'spamc'],
          };
          const held = await new LevelStore(home).open(user, { create: false });
          try {
            check(fault, filters[kind]);
          } finally {
            await held?.close();
          }
        },
      );
    });
  },
);
