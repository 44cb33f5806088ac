/** The rule of `tamis rules maildrop`, run by the real maildrop: by include, and with all that a filter can do wrong. */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { describeWith } from '../peers.ts';
import {
  emptyConfig,
  faults,
  faulty,
  judgement,
  makeMaildir,
  messageOf,
  messagesIn,
  must,
  node,
  rule,
  ruleOf,
  run,
  sample,
  silentFaults,
  tamis,
  taughtHome,
  withoutJudgement,
  workFolder,
  type Ended,
} from './site.ts';

describeWith(['maildrop', 'maildirmake'], (maildrop) => {
  const work = workFolder();
  const user = 'anna';
  let home: string;
  let places = 0;

  beforeAll(() => {
    home = taughtHome(work, user);
  });

  /** A Maildir and a .mailfilter that includes the rule. */
  function site(
    options: readonly string[] = [],
    variables: Record<string, string> = {},
  ): {
    maildir: string;
    deliver: (file: string) => Ended;
  } {
    const place = join(work, `it's place ${++places}`);
    mkdirSync(place);
    const maildir = makeMaildir(join(place, 'Maildir'));
    const mailfilter = join(place, 'mailfilter');
    const all = {
      TAMIS_USER: user,
      TAMIS_MAILDIR: maildir,
      TAMIS_HOME: home,
      TAMIS_CONFIG: emptyConfig(work),
      ...variables,
    };
    const lines = Object.entries(all).map(
      ([name, value]) => `${name}="${value.replace(/["$\\`]/g, '\\$&')}"`,
    );
    const included = join(place, 'tamis.maildrop');
    must([node, tamis, 'rules', 'maildrop', '--check', '--write', included, ...options]);
    writeFileSync(mailfilter, [...lines, `include "${included}"`, 'to "$TAMIS_MAILDIR"', ''].join('\n'));
    chmodSync(mailfilter, 0o600);
    return { maildir, deliver: (file) => run([maildrop, mailfilter], { stdin: file, cwd: place }) };
  }

  test.each([
    ['spam-1', '.Spam', 'X-DSPAM-Result: Spam'],
    ['spam-2', '.Spam', 'X-DSPAM-Result: Spam'],
    ['spam-3', '.Spam', 'X-DSPAM-Result: Spam'],
    ['ham-1', '', 'X-DSPAM-Result: Innocent'],
    ['ham-3', '', 'X-DSPAM-Result: Innocent'],
  ] as const)('files %s into "%s" as it came, with its judgement', (name, folder, result) => {
    const { maildir, deliver } = site();
    expect(deliver(sample(name))).toEqual({ status: 0, stdout: '', stderr: '' });
    const [message = '', ...more] = messagesIn(maildir, folder);
    expect(more).toEqual([]);
    expect(messagesIn(maildir, folder === '' ? '.Spam' : '')).toEqual([]);
    expect(judgement(message).filter((line) => line.startsWith('X-DSPAM-Result'))).toEqual([result]);
    expect(withoutJudgement(message)).toBe(withoutJudgement(messageOf(sample(name))));
  });

  test('uses the folder that the site names, and one that is there already', () => {
    const { maildir, deliver } = site(['--folder', 'Junk']);
    deliver(sample('spam-1'));
    deliver(sample('spam-3'));
    expect(messagesIn(maildir, '.Junk')).toHaveLength(2);
    expect(existsSync(join(maildir, '.Junk/maildirfolder'))).toBe(true);
  });

  test('leaves spam in the inbox if its folder cannot be made', () => {
    const { maildir, deliver } = site();
    writeFileSync(join(maildir, '.Spam'), 'a file in the place of the folder');
    expect(deliver(sample('spam-1')).status).toBe(0);
    expect(messagesIn(maildir)).toHaveLength(1);
  });

  test('takes no name of a user for a command', () => {
    const trap = join(work, 'trap');
    const { maildir, deliver } = site([], {
      TAMIS_USER: `a"; touch '${trap}'; "$(touch '${trap}')\`touch '${trap}'\``,
    });
    expect(deliver(sample('ham-1')).status).toBe(0);
    expect(messagesIn(maildir)).toHaveLength(1);
    expect(existsSync(trap)).toBe(false);
  });

  test.each([...faults, ...silentFaults])(
    'if the filter %s, delivers or defers the message whole',
    (_, text) => {
      const program = faulty(work, text);
      const inbox = site(['--program', program]);
      const defer = site(['--program', program, '--on-failure', 'defer']);
      for (const name of ['ham-1', 'spam-2'] as const) {
        expect(inbox.deliver(sample(name)).status).toBe(0);
        expect(messagesIn(inbox.maildir)).toContain(withoutJudgement(messageOf(sample(name))));
        expect(defer.deliver(sample(name)).status).toBe(75);
      }
      expect(messagesIn(inbox.maildir)).toHaveLength(2);
      expect(messagesIn(inbox.maildir, '.Spam')).toEqual([]);
      expect([...messagesIn(defer.maildir), ...messagesIn(defer.maildir, '.Spam')]).toEqual([]);
    },
  );

  test.each([
    ['the program is not there', ['--program', '/nonexistent/tamis'], {}],
    ['the home is a file', [], { TAMIS_HOME: rule('README.md') }],
    ['the configuration is not there', [], { TAMIS_CONFIG: '/nonexistent/tamis.toml' }],
    ['the daemon is not there', ['--via', 'spamc', '--program', '/usr/bin/spamc'], {}],
  ] as const)('if %s, delivers or defers the message whole', (_, options, variables) => {
    const inbox = site(options, variables);
    expect(inbox.deliver(sample('spam-2')).status).toBe(0);
    expect(messagesIn(inbox.maildir)).toEqual([withoutJudgement(messageOf(sample('spam-2')))]);
    const defer = site([...options, '--on-failure', 'defer'], variables);
    expect(defer.deliver(sample('spam-2')).status).toBe(75);
    expect([...messagesIn(defer.maildir), ...messagesIn(defer.maildir, '.Spam')]).toEqual([]);
  });

  test('a filter that hangs is stopped, and its message delivered', () => {
    const place = join(work, `hangs-${++places}`);
    mkdirSync(place);
    const maildir = makeMaildir(join(place, 'Maildir'));
    const rules = ruleOf('maildrop', '--program', faulty(work, 'exec sleep 1000'));
    expect(rules).toContain('timeout -k 5 60 ');
    const text = `TAMIS_MAILDIR="${maildir}"\n${rules.replace('timeout -k 5 60 ', 'timeout -k 1 1 ')}to "${maildir}"\n`;
    const mailfilter = join(place, 'mailfilter');
    writeFileSync(mailfilter, text, { mode: 0o600 });
    expect(run([maildrop, mailfilter], { stdin: sample('ham-1'), cwd: place }).status).toBe(0);
    expect(messagesIn(maildir)).toEqual([messageOf(sample('ham-1'))]);
  });

  /** A judgement as the filter prints it. */
  const judged = (result: string, probability: string): string =>
    `cat; printf 'X-DSPAM-Result: ${result}\\nX-DSPAM-Probability: ${probability}\\n'`;

  /** A message that is all header, so that a shell can judge it. */
  function bare(): string {
    const file = join(work, `bare-${++places}`);
    writeFileSync(file, 'From: a@example.org\nSubject: bare\nX-Other: x\n');
    return file;
  }

  test.each([
    ['Spam', '0.9999', 'gone', false],
    ['Spam', '0.9800', '.Spam', true],
    ['Spam', '0.8000', '.Spam', false],
    ['Innocent', '0.9700', 'inbox', true],
    ['Innocent', '0.9999', 'inbox', true],
    ['Whitelisted', '0.9999', 'inbox', false],
    ['Innocent', '0.0000', 'inbox', false],
  ] as const)('by %s at %s, the message is %s, and tagged: %s', (result, probability, where, tagged) => {
    const program = faulty(work, judged(result, probability));
    const tiers = ['--tag-above', '0.97', '--discard-above', '0.999', '--mark-read'];
    const { maildir, deliver } = site(['--program', program, ...tiers]);
    expect(deliver(bare()).status).toBe(0);
    const found = { inbox: messagesIn(maildir), '.Spam': messagesIn(maildir, '.Spam'), gone: [] }[where];
    expect([...messagesIn(maildir), ...messagesIn(maildir, '.Spam')]).toEqual(found);
    expect(found).toHaveLength(where === 'gone' ? 0 : 1);
    expect(found.some((message) => message.includes('\nSubject: [Spam?] bare\n'))).toBe(tagged);
    const read = (folder: string): boolean =>
      existsSync(join(maildir, folder, 'cur')) &&
      readdirSync(join(maildir, folder, 'cur')).some((name) => name.endsWith(':2,S'));
    expect([read('.Spam'), read('')]).toEqual([where === '.Spam', false]);
  });

  test('mail that falls back to the inbox is not marked as read', () => {
    const { maildir, deliver } = site(['--mark-read']);
    writeFileSync(join(maildir, '.Spam'), 'a file in the place of the folder');
    expect(deliver(sample('spam-1')).status).toBe(0);
    expect(readdirSync(join(maildir, 'new'))).toHaveLength(1);
  });

  test.each([
    ['dovecot', 'Mail/Späm & Co', '.Mail.Sp&AOQ-m &- Co', 'subscriptions', 'V\t2\n\nMail\tSp&AOQ-m &- Co\n'],
    ['courier', 'Junk', '.Junk', 'courierimapsubscribed', 'INBOX.Junk\n'],
  ])('subscribes to a new folder as %s does', (subscribe, folder, path, file, text) => {
    const { maildir, deliver } = site(['--subscribe', subscribe, '--folder', folder]);
    deliver(sample('spam-1'));
    deliver(sample('spam-2'));
    expect(messagesIn(maildir, path)).toHaveLength(2);
    expect(readFileSync(join(maildir, file), 'utf8')).toBe(text);
  });

  test('files into a folder of the fs layout', () => {
    const { maildir, deliver } = site(['--layout', 'fs', '--folder', 'Mail/Spam']);
    deliver(sample('spam-1'));
    expect(messagesIn(maildir, 'Mail/Spam')).toHaveLength(1);
  });
});
