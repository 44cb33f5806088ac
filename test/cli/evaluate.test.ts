/** `tamis evaluate`: the protocol, its figures, and that it judges as the filter does. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { advertisement, field, mail } from './mail.ts';
import { Place } from './tamis.ts';

let place: Place;
let index: string;
const messages = Array.from({ length: 60 }, (_, n) =>
  n % 3 === 0
    ? { spam: true, text: advertisement(`ad-${n}`) }
    : { spam: false, text: mail({ id: `note-${n}`, subject: `Note ${n}`, from: `kim${n % 4}@example.org` }) },
);

beforeAll(() => {
  place = new Place();
  mkdirSync(place.path('mail'));
  for (const [n, { text }] of messages.entries()) writeFileSync(place.path('mail', `${n}.eml`), text);
  index = place.path('mail', 'index');
  const lines = messages.map(({ spam }, n) => `${spam ? 'spam' : 'ham'}${n % 2 === 0 ? ' ' : '\t'}${n}.eml`);
  writeFileSync(index, `# sixty messages\n\n${lines.join('\n')}\n`);
});
afterAll(() => {
  place.remove();
});

const keys = [
  'messages',
  'ham',
  'spam',
  'oneMinusRocaPercent',
  'lamPercent',
  'hamErrorPercent',
  'spamErrorPercent',
  'spamMissedAtHamPoint1Percent',
  'reliabilityPercent',
  'messagesPerSecond',
  'storeBytes',
  'signatureBytes',
  'writes',
];

function evaluate(...args: string[]): Record<string, number> {
  const { status, stdout, stderr } = place.run(['evaluate', index, '--json', ...args]);
  expect([status, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as Record<string, number>;
}

test('prints the figures, and leaves nothing behind', () => {
  const result = evaluate();
  expect(Object.keys(result).sort()).toEqual([...keys].sort());
  expect(result).toMatchObject({ messages: 60, ham: 40, spam: 20 });
  expect(result['oneMinusRocaPercent']).toBeLessThan(20);
  expect(place.tree()).toEqual({});
  expect(place.tree(place.temporary)).toEqual({});
});

test('writes a score for each message, by --root too', () => {
  const scores = place.path('scores');
  writeFileSync(place.path('elsewhere'), readFileSync(index));
  evaluate('--scores', scores);
  const here = readFileSync(scores, 'utf8');
  expect(here.trimEnd().split('\n')).toHaveLength(60);
  for (const line of here.trimEnd().split('\n')) {
    expect(line).toMatch(/^[^ ]+ judge=(?:ham|spam) class=(?:ham|spam) score=-?\d[\d.e-]*$/);
  }
  const { status } = place.run(['evaluate', 'elsewhere', '--root=mail', '--scores=other']);
  expect(status).toBe(0);
  expect(readFileSync(place.path('other'), 'utf8').split('\n')).toHaveLength(61);
});

test('--report writes a page with the mistakes and what made them', () => {
  const report = place.path('report.html');
  evaluate('--report', report, '--label-noise=30');
  const html = readFileSync(report, 'utf8');
  expect(html).toMatch(/^<!DOCTYPE html>/);
  expect(html).toContain('Feedback full, 30 % told wrongly');
  const [, mistakes = ''] = html.split('Ham taken for spam');
  expect(mistakes.split('<li>').length).toBeGreaterThan(1);
  expect(messages.some((_, n) => mistakes.includes(`<bdi>${n}.eml</bdi>`))).toBe(true);
  expect(mistakes).toMatch(/>[+−]\d\.\d\d</);
  const refused = place.run(['evaluate', index, '--report=nowhere/report.html']);
  expect([refused.stdout, refused.said.length]).toEqual(['', 1]);
  expect(refused.status).not.toBe(0);
  expect(refused.said[0]).toMatch(/report cannot be written to nowhere/);
});

test.each(['200', '-1', 'x'])('--label-noise=%s is no percentage', (percent) => {
  const outcome = place.run(['evaluate', `--label-noise=${percent}`, place.path('s')]);
  expect(outcome).toMatchObject({ status: 64, stdout: '' });
  expect(outcome.stderr).toMatch(/--label-noise takes a percentage/);
});

describe('feedback', () => {
  test.each(['full', 'errors', 'unsure', 'half', 'delay:5', 'first:20', 'none'])('%s', (feedback) => {
    expect(evaluate(`--feedback=${feedback}`)).toMatchObject({ messages: 60 });
  });

  test('none at all teaches nothing; wrong labels and another order make a difference', () => {
    expect(evaluate('--feedback=none')).toMatchObject({
      writes: 0,
      spamErrorPercent: 100,
      hamErrorPercent: 0,
    });
    const scores = (...args: string[]): string => {
      evaluate('--scores', place.path('s'), ...args);
      return readFileSync(place.path('s'), 'utf8');
    };
    const plain = scores();
    expect(scores()).toBe(plain);
    expect(scores('--label-noise=30')).not.toBe(plain);
    expect(scores('--shuffle=1')).not.toBe(plain);
    expect(scores('--shuffle=1')).toBe(scores('--shuffle=1'));
  });
});

test('judges as the filter does, message by message', () => {
  const scores = place.path('same');
  evaluate('--scores', scores, '--feedback=first:24');
  const judged = readFileSync(scores, 'utf8')
    .split('\n')
    .map((line) => / class=(\w+)/.exec(line)?.[1]);
  for (const { spam, text } of messages.slice(0, 24)) {
    // The protocol judges before it tells; what arrives is taken as the training mode says.
    place.run(['--user=same', '--set=createUsers=true', '--deliver=summary'], { stdin: text });
    place.run(['--user=same', `--class=${spam ? 'spam' : 'innocent'}`, '--source=corpus'], { stdin: text });
  }
  for (const [n, { text }] of messages.entries()) {
    if (n < 24) continue;
    const { stdout } = place.run(['--user=same'], { stdin: text });
    expect([n, field(stdout, 'X-DSPAM-Result')]).toEqual([n, judged[n] === 'spam' ? 'Spam' : 'Innocent']);
  }
});

test.each([
  [['evaluate'], 64, /see --help/],
  [['evaluate', 'nowhere'], 66, /nowhere/],
  [['evaluate', 'mail/index', '--feedback=sometimes'], 64, /sometimes/],
  [['evaluate', 'mail/index', '--shuffle=1.5'], 64, /integer/],
  [['evaluate', 'bad'], 66, /bad/],
])('%j is refused', (args, status, says) => {
  writeFileSync(place.path('bad'), 'perhaps 1.eml\n');
  const outcome = place.run(args);
  expect([outcome.status, outcome.stdout]).toEqual([status, '']);
  expect(outcome.said).toHaveLength(1);
  expect(outcome.said[0]).toMatch(says);
});

test('scores that cannot be written are an error that names the file', () => {
  for (const file of [place.path('nowhere/scores'), place.path('mail'), '/dev/full']) {
    const { status, stderr } = place.run(['evaluate', index, '--scores', file]);
    expect(status).toBe(75);
    expect(stderr).toContain(`The scores cannot be written to ${file}.`);
  }
});

test('another engine is not measured in silence', () => {
  const { status, stderr } = place.run(['evaluate', index, '--set', 'engine=dspam']);
  expect(status).toBe(0);
  expect(stderr).toContain("the figures are of tamis' own model; the engine dspam is not measured.");
});
