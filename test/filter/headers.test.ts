import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { headerLines, summaryLine } from '../../src/filter/headers.ts';
import type { Verdict } from '../../src/judge/verdict.ts';

const at = new Date(2026, 10, 22, 21, 33, 50);
const verdict: Verdict = {
  user: 'test@example.org',
  result: 'Innocent',
  probability: 0,
  confidence: 1,
  signature: '6b035fbe305861621517035',
  at,
};

describe('header lines', () => {
  test('of innocent mail', () => {
    expect(headerLines(verdict)).toBe(
      [
        'X-DSPAM-Result: Innocent',
        'X-DSPAM-Processed: Sun Nov 22 21:33:50 2026',
        'X-DSPAM-Confidence: 1.0000',
        'X-DSPAM-Improbability: 1 in 98689409 chance of being spam',
        'X-DSPAM-Probability: 0.0000',
        'X-DSPAM-Signature: 6b035fbe305861621517035\n',
      ].join('\n'),
    );
  });

  // Confidence as DSPAM printed it, rounded to four digits, beside the odds that it printed.
  test.each([
    [0.8094, 426],
    [0.8416, 532],
    [0, 1],
    [0.98990716, 9809],
  ])('a confidence of %d is odds of 1 in %d', (confidence, odds) => {
    const spam = headerLines({ ...verdict, result: 'Spam', confidence });
    expect(spam).toContain(`\nX-DSPAM-Improbability: 1 in ${odds} chance of being ham\n`);
    const whitelisted = headerLines({ ...verdict, result: 'Whitelisted', confidence });
    expect(whitelisted).toContain(`\nX-DSPAM-Improbability: 1 in ${odds} chance of being spam\n`);
  });

  test('have no signature where there is none', () => {
    expect(headerLines({ ...verdict, signature: undefined })).not.toContain('Signature');
  });

  test('pad the day with a blank', () => {
    const early = headerLines({ ...verdict, at: new Date(2027, 0, 3, 4, 5, 6) });
    expect(early).toContain('X-DSPAM-Processed: Sun Jan  3 04:05:06 2027\n');
  });

  test('of a message that was retrained', () => {
    expect(headerLines({ ...verdict, result: 'Spam', reclassified: true })).toBe(
      'X-DSPAM-Reclassified: Spam\n',
    );
    expect(headerLines({ ...verdict, reclassified: true })).toBe('X-DSPAM-Reclassified: Innocent\n');
  });

  test('name the factors', () => {
    const factors = [
      { name: 'viagra+and', probability: 0.67347 },
      { name: 'tasty+Café 100%\n', probability: 0.4 },
    ];
    expect(headerLines({ ...verdict, factors })).toMatch(
      /\nX-DSPAM-Factors: 2,\n\tviagra\+and, 0\.67347,\n\ttasty\+Caf%c3%a9 100%25%0a, 0\.40000\n$/,
    );
    expect(headerLines({ ...verdict, factors: [] })).not.toContain('Factors');
  });

  test('keep their bounds whatever the factors are called', () => {
    const factor = fc.record({
      name: fc.string({ unit: 'binary', maxLength: 700 }),
      probability: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(factor, { maxLength: 60 }), (factors) => {
        const text = headerLines({ ...verdict, factors });
        expect(text).toMatch(/^[\t\n\x20-\x7e]*\n$/);
        const beginning = text.indexOf('X-DSPAM-Factors: ');
        const lines = beginning < 0 ? [] : text.slice(beginning).trimEnd().split('\n');
        const count = Math.max(0, lines.length - 1);
        expect(lines[0] ?? 'X-DSPAM-Factors: 0,').toBe(`X-DSPAM-Factors: ${count},`);
        for (const line of lines.slice(1)) expect(line.startsWith('\t')).toBe(true);
        expect(lines.join('\r\n').length).toBeLessThanOrEqual(10239);
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(998);
        if (count < factors.length) expect(lines.join('\r\n').length).toBeGreaterThan(10239 - 1000);
      }),
    );
  });
});

describe('the summary line', () => {
  test('is as DSPAM prints it', () => {
    const spam: Verdict = {
      ...verdict,
      result: 'Spam',
      probability: 0.99984,
      confidence: 0.98,
      signature: undefined,
    };
    expect(summaryLine(spam)).toBe(
      'X-DSPAM-Result: test@example.org; result="Spam"; class="Spam"; probability=0.9998; confidence=0.98; signature=N/A\n',
    );
  });

  test('tells whitelisted mail by its class', () => {
    const line = summaryLine({
      ...verdict,
      user: 'w@example.org',
      result: 'Whitelisted',
      confidence: 0.9899,
    });
    expect(line).toContain(
      'w@example.org; result="Innocent"; class="Whitelisted"; probability=0.0000; confidence=0.99',
    );
  });

  test('is one line with one result, whatever the user is called', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        for (const user of [name, `${name}\r\nX-DSPAM-Result: u; result="Innocent"`]) {
          const line = summaryLine({ ...verdict, user, result: 'Spam' });
          expect(line.split('"')).toEqual([
            expect.any(String),
            'Spam',
            '; class=',
            'Spam',
            expect.any(String),
          ]);
          expect(line.split(/[\p{Cc}\p{Zl}\p{Zp}]/u)).toEqual([expect.any(String), '']);
        }
      }),
    );
  });
});
