/**
 * The line of `tamis rules qmail` and the plain pipe of DSPAM's days, run as qmail-local runs a line of .qmail: by `/bin/sh -c`, in the
 * directory of the account, with the message as a seekable stdin, the environment of qmail-command(8), one group.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { describeWith } from '../peers.ts';
import {
  emptyConfig,
  faults,
  giveTo,
  judgement,
  makeMaildir,
  messageOf,
  messagesIn,
  node,
  rule,
  ruleOf,
  run,
  sample,
  script,
  tamis,
  taughtHome,
  withoutJudgement,
  workFolder,
} from './site.ts';

/** What vpopmail's account is here. */
const vpopmail = { uid: 64_189, gid: 64_189 };

/** qmail-local's reading of an exit status, by qmail-command(8); a program that was killed is 111. */
function outcome(
  status: number | null,
): 'delivered' | 'delivered, no further lines' | 'bounced' | 'deferred' {
  if (status === 0) return 'delivered';
  if (status === 99) return 'delivered, no further lines';
  return [64, 65, 70, 76, 77, 78, 100, 112].includes(status ?? 111) ? 'bounced' : 'deferred';
}

describeWith(['setpriv'], () => {
  const work = workFolder();
  let home: string;
  let places = 0;

  beforeAll(() => {
    home = taughtHome(work, 'joe@example.org', { as: vpopmail });
  });

  interface Site {
    readonly maildir: string;
    /** The deliverer: Return-Path and Delivered-To, then stdin, into the Maildir, as vdelivermail does. */
    readonly deliverer: string;
    readonly deliver: (
      line: string,
      file: string,
      variables?: Record<string, string>,
    ) => ReturnType<typeof outcome>;
  }

  function site(): Site {
    const place = join(work, String(++places));
    mkdirSync(place);
    const maildir = makeMaildir(join(place, 'Maildir'));
    giveTo(vpopmail, place, maildir, ...['cur', 'new', 'tmp'].map((part) => join(maildir, part)));
    // Reads twice: vdelivermail needs a stdin in which it can seek.
    const deliverer = script(
      join(place, 'vdelivermail'),
      `t='${maildir}/tmp/'$$
printf '%s' "$RPLINE" >"$t" && cat /dev/stdin >/dev/null && cat /dev/stdin >>"$t" && mv "$t" '${maildir}/new/'$$`,
    );
    const deliver: Site['deliver'] = (line, file, variables = {}) => {
      const { status } = run(['/bin/sh', '-c', line], {
        stdin: file,
        cwd: place,
        as: vpopmail,
        env: {
          PATH: '/usr/bin:/bin',
          USER: 'vpopmail',
          HOME: place,
          SENDER: 'sender@example.net',
          RECIPIENT: 'example.org-joe@example.org',
          LOCAL: 'example.org-joe',
          DEFAULT: 'joe',
          EXT: 'joe',
          HOST: 'example.org',
          RPLINE: 'Return-Path: <sender@example.net>\n',
          DTLINE: 'Delivered-To: example.org-joe@example.org\n',
          UFLINE: 'From sender@example.net Mon Nov 03 08:12:09 2025\n',
          TAMIS_HOME: home,
          TAMIS_CONFIG: emptyConfig(work),
          ...variables,
        },
      });
      return outcome(status);
    };
    return { maildir, deliverer, deliver };
  }

  /** The program line of the rule, with this test's deliverer in the place of vpopmail's. */
  function shippedLine(deliverer: string, ...options: readonly string[]): string {
    const line = ruleOf('qmail', ...options)
      .split('\n')
      .find((one) => one.startsWith('|'));
    return (line ?? '').slice(1).replace('/home/vpopmail/bin/vdelivermail', `'${deliverer}'`);
  }

  test('the shipped file is one program line below 500 bytes, and comments', () => {
    const lines = readFileSync(rule('tamis.qmail'), 'utf8').trimEnd().split('\n');
    expect(lines.filter((line) => !line.startsWith('#'))).toEqual([expect.stringMatching(/^\|.{1,499}$/)]);
    expect(lines[0]).not.toBe('');
  });

  describe('tamis runs the deliverer', () => {
    test.each([
      ['spam-1', 'X-DSPAM-Result: Spam'],
      ['spam-2', 'X-DSPAM-Result: Spam'],
      ['ham-1', 'X-DSPAM-Result: Innocent'],
      ['ham-3', 'X-DSPAM-Result: Innocent'],
    ] as const)('delivers %s as it came, with its judgement', (name, result) => {
      const { maildir, deliverer, deliver } = site();
      expect(deliver(shippedLine(deliverer), sample(name))).toBe('delivered');
      const [message = '', ...more] = messagesIn(maildir);
      expect(more).toEqual([]);
      expect(judgement(message)).toContain(result);
      const original = `Return-Path: <sender@example.net>\n${messageOf(sample(name))}`;
      expect(withoutJudgement(message)).toBe(withoutJudgement(original));
    });

    test.each([
      [0, 'delivered'],
      [99, 'delivered, no further lines'],
      [100, 'bounced'],
      [111, 'deferred'],
    ] as const)('returns the status %i of the deliverer: %s', (status, expected) => {
      const { deliver } = site();
      const deliverer = script(join(work, `status-${status}`), `cat >/dev/null; exit ${status}`);
      expect(deliver(shippedLine(deliverer), sample('ham-1'))).toBe(expected);
    });

    test('defers if the deliverer is killed or missing', () => {
      const { deliver } = site();
      const killed = script(join(work, 'killed'), 'kill -9 $$');
      expect(deliver(shippedLine(killed), sample('ham-1'))).toBe('deferred');
      expect(deliver(shippedLine('/nonexistent/vdelivermail'), sample('ham-1'))).toBe('deferred');
    });

    test.each([
      ['the home is missing', { TAMIS_HOME: '/nonexistent/home' }],
      ['the home is a file', { TAMIS_HOME: '/etc/passwd' }],
    ])('delivers the whole message if %s, less what its sender forged', (_, variables) => {
      const { maildir, deliverer, deliver } = site();
      expect(deliver(shippedLine(deliverer), sample('spam-2'), variables)).toBe('delivered');
      const [message = '', ...more] = messagesIn(maildir);
      expect(more).toEqual([]);
      expect(judgement(message)).not.toContain('X-DSPAM-Confidence: 1.0000');
      const original = `Return-Path: <sender@example.net>\n${messageOf(sample('spam-2'))}`;
      expect(withoutJudgement(message)).toBe(withoutJudgement(original));
    });

    test('defers if the configuration is missing', () => {
      const { maildir, deliverer, deliver } = site();
      const variables = { TAMIS_CONFIG: '/nonexistent/tamis.toml' };
      expect(deliver(shippedLine(deliverer), sample('ham-1'), variables)).toBe('deferred');
      expect(messagesIn(maildir)).toEqual([]);
    });

    test.each(faults.filter(([name]) => name.includes('killed')))('loses nothing if tamis %s', (_, text) => {
      const { maildir, deliverer, deliver } = site();
      const faulty = script(join(work, 'faulty'), text);
      expect(deliver(shippedLine(deliverer, '--program', faulty), sample('ham-1'))).toBe('deferred');
      expect(messagesIn(maildir)).toEqual([]);
    });

    test.each(['../../etc/x', "$(touch trap)'`touch trap`", 'a b;id', 'JOE'])(
      'takes %j for a user, and no more',
      (EXT) => {
        const { maildir, deliverer, deliver } = site();
        expect(deliver(shippedLine(deliverer), sample('ham-1'), { EXT })).toBe('delivered');
        expect(messagesIn(maildir)).toHaveLength(1);
        expect(messagesIn(maildir).flatMap(judgement)).toContain('X-DSPAM-Result: Innocent');
        expect(run(['/usr/bin/find', work, '-name', 'trap']).stdout).toBe('');
      },
    );
  });

  test('with a folder, tamis delivers into ./Maildir itself, as the account', () => {
    const { maildir, deliver } = site();
    const line = shippedLine('', '--folder', "Mail/it's $(touch trap)").replace(
      '/var/qmail/bin/preline -f',
      '',
    );
    expect(Buffer.byteLength(line)).toBeLessThan(499);
    expect(deliver(line, sample('spam-1'))).toBe('delivered');
    expect(deliver(line, sample('ham-1'))).toBe('delivered');
    expect(messagesIn(maildir, ".Mail.it's $(touch trap)")).toHaveLength(1);
    expect(messagesIn(maildir)).toHaveLength(1);
    expect(run(['/usr/bin/find', work, '-name', 'trap']).stdout).toBe('');
  });

  test('a plain pipe delivers what tamis judged', () => {
    const { maildir, deliver } = site();
    const appender = script(join(work, 'appender'), `cat >'${maildir}/new/1'`);
    const line = `'${node}' '${tamis}' --user "$EXT@$HOST" --deliver=stdout | '${appender}'`;
    expect(deliver(line, sample('spam-3'))).toBe('delivered');
    const [message = ''] = messagesIn(maildir);
    expect(judgement(message)).toContain('X-DSPAM-Result: Spam');
    expect(withoutJudgement(message)).toBe(messageOf(sample('spam-3')));
  });

  test('the form with a temporary file defers where a plain pipe would lose the mail', () => {
    const { maildir, deliver } = site();
    const appender = script(join(work, 'appender'), `cat >'${maildir}/new/1'`);
    const faulty = script(join(work, 'faulty'), 'kill -9 $$');
    const filed = (program: string): string =>
      `T=\`mktemp\` && trap 'rm -f "$T"' 0 && ${program} --user "$EXT@$HOST" >"$T" && test -s "$T" || exit 111; '${appender}' <"$T"`;
    expect(deliver(filed(`'${faulty}'`), sample('ham-1'))).toBe('deferred');
    expect(messagesIn(maildir)).toEqual([]);
    expect(deliver(filed(`'${node}' '${tamis}'`), sample('ham-1'))).toBe('delivered');
    expect(messagesIn(maildir).map(withoutJudgement)).toEqual([messageOf(sample('ham-1'))]);
  });
});
