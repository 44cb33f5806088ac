/** rules/tamis.procmailrc, run by the real procmail. */
import { mkdirSync, writeFileSync } from 'node:fs';
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

describeWith(['procmail'], (procmail) => {
  const work = workFolder();
  const user = 'anna';
  let home: string;
  let places = 0;

  beforeAll(() => {
    home = taughtHome(work, user);
  });

  function site(variables: Record<string, string> = {}): {
    maildir: string;
    deliver: (file: string) => Ended;
  } {
    const place = join(work, `place-${++places}`);
    mkdirSync(place);
    const maildir = makeMaildir(join(place, 'Maildir'));
    const rc = join(place, 'procmailrc');
    const all = {
      MAILDIR: maildir,
      TAMIS_NODE: node,
      TAMIS: tamis,
      TAMIS_USER: user,
      TAMIS_HOME: home,
      TAMIS_CONFIG: emptyConfig(work),
      ...variables,
    };
    const lines = Object.entries(all).map(([name, value]) => `${name}="${value}"`);
    writeFileSync(rc, [...lines, `INCLUDERC="${rule('tamis.procmailrc')}"`, ':0 r', './', ''].join('\n'), {
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

  test.each([...faults, ...silentFaults])('defers and stores nothing if the filter %s', (_, text) => {
    const { maildir, deliver } = site({ TAMIS_NODE: '/bin/sh', TAMIS: script(join(work, 'faulty'), text) });
    expect(deliver(sample('ham-1')).status).toBe(75);
    expect([...messagesIn(maildir), ...messagesIn(maildir, '.Spam')]).toEqual([]);
  });

  test('defers and stores nothing if the filter is not there', () => {
    const { maildir, deliver } = site({ TAMIS_NODE: '/nonexistent/node' });
    expect(deliver(sample('ham-1')).status).toBe(75);
    expect(messagesIn(maildir)).toEqual([]);
  });
});
