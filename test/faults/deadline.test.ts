/**
 * A judgement that never ends: the message passes when the deadline is over. What spins is put into the command from outside, by
 * a module that node loads first and that spoils something the judgement calls.
 */
import { afterAll, beforeAll, describe, test, expect } from 'vitest';
import { Place } from '../cli/tamis.ts';
import { expectDeferred, expectPassed, message, teach } from './fault.ts';

let place: Place;
beforeAll(() => {
  place = new Place();
  teach(place);
});
afterAll(() => {
  place.remove();
});

const spin = '() => { for (;;); }';
const spoiled: Record<string, string> = {
  'the normalisation of text': `String.prototype.normalize = ${spin}`,
  'the multiplication in hashes': `Math.imul = ${spin}`,
  'the fingerprint': `import { Hash } from 'node:crypto'; Hash.prototype.digest = ${spin}`,
};

describe.each(Object.entries(spoiled))('%s spins', (_, code) => {
  const node = ['--import', `data:text/javascript,${encodeURIComponent(code)}`];
  const args = ['--user=joe', '--deliver=stdout', '--set', 'deadline=0.5'];
  const says = /Judging took longer than the deadline of 500 ms/;

  test('the message passes', () => {
    const begun = performance.now();
    const outcome = place.run(args, { stdin: message, node });
    expectPassed(outcome, says);
    expect(performance.now() - begun).toBeLessThan(5000);
  });

  test('or is deferred', () => {
    expectDeferred(place.run([...args, '--on-error=defer'], { stdin: message, node }), says);
  });
});
