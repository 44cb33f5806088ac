/** The rule of `tamis rules procmail`, run by the real procmail, with all that a filter can do wrong. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
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
  run,
  sample,
  silentFaults,
  tamis,
  taughtHome,
  withoutJudgement,
  workFolder,
  type Ended,
} from './site.ts';

describeWith(['procmail'], (procmail) => {
  const work = workFolder();
  const user = 'anna';
  let home: string;
  let places = 0;

  beforeAll(() => {
    home = taughtHome(work, user);
  });

  function site(
    options: readonly string[] = [],
    variables: Record<string, string> = {},
  ): {
    maildir: string;
    deliver: (file: string) => Ended;
  } {
    const place = join(work, `place-${++places}`);
    mkdirSync(place);
    const maildir = makeMaildir(join(place, 'Maildir'));
    const rc = join(place, 'procmailrc');
    const all = {
      MAILDIR: maildir,
      TAMIS_MAILDIR: maildir,
      TAMIS_USER: user,
      TAMIS_HOME: home,
      TAMIS_CONFIG: emptyConfig(work),
      ...variables,
    };
    const lines = Object.entries(all).map(([name, value]) => `${name}="${value}"`);
    const included = join(place, 'tamis.procmailrc');
    must([node, tamis, 'rules', 'procmail', '--write', included, ...options]);
    writeFileSync(rc, [...lines, `INCLUDERC="${included}"`, ':0 r', './', ''].join('\n'), {
      mode: 0o600,
    });
    return { maildir, deliver: (file) => run([procmail, rc], { stdin: file, cwd: place }) };
  }

  test.each([
    ['spam-1', '.Spam', 'X-DSPAM-Result: Spam'],
    ['spam-2', '.Spam', 'X-DSPAM-Result: Spam'],
    ['ham-1', '', 'X-DSPAM-Result: Innocent'],
    ['ham-3', '', 'X-DSPAM-Result: Innocent'],
  ] as const)('files %s into "%s" as it came, with its judgement', (name, folder, result) => {
    const { maildir, deliver } = site();
    expect(deliver(sample(name))).toMatchObject({ status: 0 });
    const [message = '', ...more] = messagesIn(maildir, folder);
    expect(more).toEqual([]);
    expect(judgement(message)).toContain(result);
    expect(withoutJudgement(message)).toBe(withoutJudgement(messageOf(sample(name))));
  });

  test.each([...faults, ...silentFaults, ['is not there', undefined] as const])(
    'if the filter %s, delivers or defers the message whole',
    (_, text) => {
      const program = text === undefined ? '/nonexistent/tamis' : faulty(work, text);
      const inbox = site(['--program', program]);
      expect(inbox.deliver(sample('spam-2')).status).toBe(0);
      expect(messagesIn(inbox.maildir)).toEqual([withoutJudgement(messageOf(sample('spam-2')))]);
      const defer = site(['--program', program, '--on-failure', 'defer']);
      expect(defer.deliver(sample('spam-2')).status).toBe(75);
      for (const { maildir } of [inbox, defer]) expect(messagesIn(maildir, '.Spam')).toEqual([]);
      expect(messagesIn(defer.maildir)).toEqual([]);
    },
  );

  test.each([
    ['Spam', '0.9999', 'gone', false],
    ['Spam', '0.9800', '.Spam', true],
    ['Spam', '0.8000', '.Spam', false],
    ['Innocent', '0.9999', 'inbox', true],
    ['Whitelisted', '0.9999', 'inbox', false],
    ['Innocent', '0.0000', 'inbox', false],
  ] as const)('by %s at %s, the message is %s, and tagged: %s', (result, probability, where, tagged) => {
    const program = faulty(
      work,
      `cat; printf 'X-DSPAM-Result: ${result}\\nX-DSPAM-Probability: ${probability}\\n'`,
    );
    const { maildir, deliver } = site([
      '--program',
      program,
      '--tag-above',
      '0.97',
      '--discard-above',
      '0.999',
    ]);
    const bare = join(work, `bare-${++places}`);
    writeFileSync(bare, 'From: a@example.org\nSubject: bare\nX-Other: x\n');
    expect(deliver(bare).status).toBe(0);
    const found = { inbox: messagesIn(maildir), '.Spam': messagesIn(maildir, '.Spam'), gone: [] }[where];
    expect([...messagesIn(maildir), ...messagesIn(maildir, '.Spam')]).toEqual(found);
    expect(found).toHaveLength(where === 'gone' ? 0 : 1);
    expect(found.some((message) => message.includes('\nSubject: [Spam?] bare\n'))).toBe(tagged);
  });

  test('leaves spam in the inbox if its folder cannot be made', () => {
    const { maildir, deliver } = site();
    writeFileSync(join(maildir, '.Spam'), 'a file in the place of the folder');
    expect(deliver(sample('spam-1')).status).toBe(0);
    expect(messagesIn(maildir)).toHaveLength(1);
  });

  test('takes no name of a user or folder for a command', () => {
    const trap = join(work, 'trap');
    const name = `a"; touch '${trap}'; "$(touch '${trap}')\`touch '${trap}'\``;
    const { maildir, deliver } = site(['--user', name, '--folder', name.replaceAll('/', '|')]);
    expect(deliver(sample('ham-1')).status).toBe(0);
    expect(messagesIn(maildir)).toHaveLength(1);
    expect(existsSync(trap)).toBe(false);
  });
});
