/** The filter killed at any instant: never a status of 0 without the whole message. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withoutOurs } from '../cli/mail.ts';
import { Place } from '../cli/tamis.ts';
import { message, passed, teach } from './fault.ts';

let place: Place;
beforeAll(() => {
  place = new Place();
  teach(place);
});
afterAll(() => {
  place.remove();
});

/** Longer than the prefix and a pipe, so that there is something to be in the middle of. */
const rest = `\n${'0123456789abcdef\n'.repeat(40_000)}`;
const pieces = 8;

/** When the filter is killed: so many pieces of the message are written, then so many milliseconds pass. */
interface Instant {
  readonly after: number;
  readonly wait: number;
}

/** Runs the filter on a sender who dawdles, and kills it. Resolves when whatever it has started has ended too. */
async function killed(args: readonly string[], signal: NodeJS.Signals, { after, wait }: Instant) {
  const child = place.start(['--user=joe', ...args]);
  const out: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => out.push(bytes));
  child.stderr.resume();
  child.stdin.on('error', () => undefined);
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const bytes = Buffer.from(message + rest, 'latin1');
  const piece = Math.ceil(bytes.length / pieces);
  for (let at = 0; at < pieces; at++) {
    if (at === after) setTimeout(() => child.kill(signal), wait);
    await new Promise((resolve) => child.stdin.write(bytes.subarray(at * piece, (at + 1) * piece), resolve));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  if (after === pieces) setTimeout(() => child.kill(signal), wait);
  child.stdin.end();
  return { status: await ended, stdout: Buffer.concat(out).toString('latin1') };
}

const whole = passed + rest;
/** Before anything, in the middle and after the last byte; at once, and by chance later. */
const instants: Instant[] = [0, 2, pieces].flatMap((after) => [
  { after, wait: 0 },
  { after, wait: Math.floor(Math.random() * 400) },
]);

describe.each(['SIGKILL', 'SIGTERM'] as const)('by %s', (signal) => {
  test.each(instants)(
    'after $after pieces and $wait ms, to a command: nothing or everything',
    async (instant) => {
      const { status, stdout } = await killed(['--deliver=exec', '--', '/bin/cat'], signal, instant);
      if (stdout === '') expect(status).not.toBe(0);
      else expect(withoutOurs(stdout)).toBe(whole);
    },
  );

  test.each(instants)(
    'after $after pieces and $wait ms, to stdout: 0 only with everything',
    async (instant) => {
      const { status, stdout } = await killed(['--deliver=stdout'], signal, instant);
      if (status === 0) expect(withoutOurs(stdout)).toBe(whole);
      else expect(withoutOurs(`${stdout}${whole.slice(withoutOurs(stdout).length)}`)).toBe(whole);
    },
  );
});

test('the store is sound after all that', () => {
  const { status, stdout, stderr } = place.run(['--user=joe', '--deliver=stdout'], { stdin: message });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/^X-DSPAM-Signature: /m);
});
