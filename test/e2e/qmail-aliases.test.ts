/** The lines of examples/qmail-vpopmail: forwarded mail teaches the filter of its envelope sender, by signature only. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, afterEach, expect, test } from 'vitest';
import { advertisement, field, mail } from '../cli/mail.ts';
import { Place, program, root } from '../cli/tamis.ts';

let place: Place;
beforeEach(() => {
  place = new Place();
  for (const user of ['joe@example.org', 'kim@example.org']) {
    place.run([`--user=${user}`, '--class=spam', '--source=corpus'], { stdin: advertisement('a') });
    place.run([`--user=${user}`, '--class=innocent', '--source=corpus'], { stdin: mail({ id: 'b' }) });
  }
});
afterEach(() => {
  place.remove();
});

/** Runs the line of an alias as qmail-local does; its exit status. */
function send(alias: 'spam' | 'notspam', SENDER: string, stdin: string): number | null {
  const line = readFileSync(join(root, 'examples/qmail-vpopmail', `.qmail-${alias}`), 'utf8')
    .trim()
    .slice(1)
    .replace('/usr/bin/node', `'${program[0]}'`)
    .replace('/usr/local/bin/tamis', `'${program[1] ?? ''}'`);
  return place.run([], { stdin, env: { SENDER }, script: line }).status;
}

const stats = (user: string): unknown =>
  JSON.parse(place.run(['stats', `--user=${user}`, '--json']).stdout) as unknown;
const users = (): string => place.run(['users', 'list']).stdout;

test('who has received a message trains their own filter with it, forwarded or attached', () => {
  const args = ['--user=joe@example.org', '--deliver=stdout', '--set', 'signatureLocation=message'];
  const delivered = place.run(args, {
    stdin: mail({ id: 'm', subject: 'Holiday', body: 'To the lake.\n' }),
  }).stdout;
  const text = delivered.slice(delivered.indexOf('\n\n') + 2);
  const forwarded = mail({ id: 'fwd', body: text.replace(/^/gm, '> ') });
  expect(send('spam', 'Joe@Example.org', forwarded)).toBe(0);
  expect(stats('joe@example.org')).toMatchObject({ spamLearned: 2, spamMisclassified: 1 });
  const fields = 'MIME-Version: 1.0\nContent-Type: message/rfc822\n';
  expect(send('notspam', 'joe@example.org', mail({ id: 'att', fields, body: delivered }))).toBe(0);
  expect(stats('joe@example.org')).toMatchObject({
    spamLearned: 1,
    innocentLearned: 2,
    innocentMisclassified: 1,
  });
});

test('nobody trains anybody else, and what is not signed teaches nothing and goes back', () => {
  const delivered = place.run(['--user=joe@example.org', '--deliver=stdout'], {
    stdin: mail({ id: 'm' }),
  }).stdout;
  expect(field(delivered, 'X-DSPAM-Signature')).toBeDefined();
  const before = [stats('joe@example.org'), stats('kim@example.org'), users()];
  expect(send('spam', 'kim@example.org', delivered)).toBe(100);
  expect(send('spam', 'joe@example.org', mail({ id: 'unsigned' }))).toBe(100);
  expect(send('spam', 'mallory@example.com', delivered)).toBe(100);
  expect(send('spam', '', delivered)).toBe(100);
  expect(send('spam', '$(touch trap)', delivered)).toBe(100);
  expect([stats('joe@example.org'), stats('kim@example.org'), users()]).toEqual(before);
});
