/** rules/tamis.maildrop, run by the real maildrop. */
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { describeWith } from '../peers.ts';
import {
  emptyConfig,
  faults,
  judgement,
  makeMaildir,
  messageOf,
  messagesIn,
  node,
  rule,
  run,
  sample,
  script,
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
  function site(variables: Record<string, string> = {}): {
    maildir: string;
    deliver: (file: string) => Ended;
  } {
    const place = join(work, `it's place ${++places}`);
    mkdirSync(place);
    const maildir = makeMaildir(join(place, 'Maildir'));
    const mailfilter = join(place, 'mailfilter');
    const all = {
      TAMIS_NODE: node,
      TAMIS: tamis,
      TAMIS_USER: user,
      TAMIS_MAILDIR: maildir,
      TAMIS_HOME: home,
      TAMIS_CONFIG: emptyConfig(work),
      ...variables,
    };
    const lines = Object.entries(all).map(
      ([name, value]) => `${name}="${value.replace(/["$\\`]/g, '\\$&')}"`,
    );
    writeFileSync(
      mailfilter,
      [...lines, `include "${rule('tamis.maildrop')}"`, 'to "$TAMIS_MAILDIR"', ''].join('\n'),
    );
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
    const { maildir, deliver } = site({ TAMIS_FOLDER: 'Junk' });
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
    const { maildir, deliver } = site({
      TAMIS_USER: `a"; touch '${trap}'; "$(touch '${trap}')\`touch '${trap}'\``,
    });
    expect(deliver(sample('ham-1')).status).toBe(0);
    expect(messagesIn(maildir)).toHaveLength(1);
    expect(existsSync(trap)).toBe(false);
  });

  test.each([...faults, ...silentFaults])('defers and stores nothing if the filter %s', (_, text) => {
    const { maildir, deliver } = site({ TAMIS_NODE: '/bin/sh', TAMIS: script(join(work, 'faulty'), text) });
    for (const name of ['ham-1', 'spam-2'] as const) expect(deliver(sample(name)).status).toBe(75);
    expect([...messagesIn(maildir), ...messagesIn(maildir, '.Spam')]).toEqual([]);
  });

  test.each([
    ['Node is not there', { TAMIS_NODE: '/nonexistent/node' }],
    ['tamis is not there', { TAMIS: '/nonexistent/tamis' }],
    ['the home is a file', { TAMIS_HOME: rule('README.md') }],
    ['the configuration is not there', { TAMIS_CONFIG: '/nonexistent/tamis.toml' }],
  ])('defers and stores nothing if %s', (_, variables) => {
    const { maildir, deliver } = site(variables);
    for (const name of ['ham-1', 'spam-2'] as const) expect(deliver(sample(name)).status).toBe(75);
    expect([...messagesIn(maildir), ...messagesIn(maildir, '.Spam')]).toEqual([]);
  });
});
