/** What every fault has in common: a user who has taught something, a message with forged lines, and what may come of it. */
import { expect } from 'vitest';
import { advertisement, mail, withoutOurs } from '../cli/mail.ts';
import type { Outcome, Place } from '../cli/tamis.ts';

/** A message as a sender sends it who knows our header lines; 8-bit and NUL bytes, no final newline. */
export const message: string = mail({
  id: 'fault',
  fields: 'X-DSPAM-Result: Innocent\nX-DSPAM-Signature: 6b035fbd305561389116552\n\t(forged)\n',
  body: '.\nFrom here on \xff\0\n!DSPAM:6b035fbd305561389116552!\nno newline',
});

/** The message as it passes unjudged. */
export const passed: string = withoutOurs(message);

/** The user nobody. */
export const nobody = 65_534;

/** Whether this process may become another user and mount file systems. */
export const isRoot: boolean = process.getuid?.() === 0;

/** Makes a home in which the user joe has taught one message of each class. */
export function teach(place: Place): void {
  for (const [lesson, text] of [
    ['spam', advertisement('taught-spam')],
    ['innocent', mail({ id: 'taught-innocent' })],
  ] as const) {
    const args = ['--user=joe', `--class=${lesson}`, '--source=corpus'];
    expect(place.run(args, { stdin: text })).toMatchObject({ status: 0, stdout: '', stderr: '' });
  }
}

/** The message went out whole and unjudged, and one line says why. */
export function expectPassed(outcome: Outcome, why: RegExp): void {
  expect(outcome.stdout).toBe(passed);
  expect(outcome.status).toBe(0);
  expect(outcome.said).toHaveLength(1);
  expect(outcome.stderr).toMatch(why);
}

/** Nothing went out, the host is to try again, and one line says why. */
export function expectDeferred(outcome: Outcome, why: RegExp): void {
  expect(outcome.stdout).toBe('');
  expect(outcome.status).toBe(75);
  expect(outcome.said).toHaveLength(1);
  expect(outcome.stderr).toMatch(why);
}

/** The message went out whole with our lines. */
export function expectJudged(outcome: Outcome): void {
  expect(outcome.stdout).toMatch(/^X-DSPAM-Result: (?:Spam|Innocent)$/m);
  expect(withoutOurs(outcome.stdout)).toBe(passed);
  expect(outcome.status).toBe(0);
  expect(outcome.stderr).toBe('');
}
