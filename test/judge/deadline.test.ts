import { describe, expect, test } from 'vitest';
import { Deadline } from '../../src/judge/deadline.ts';

const spin = (): unknown => {
  for (;;);
};

describe('a deadline', () => {
  test('lets work through, and what it throws', () => {
    const deadline = new Deadline(10_000);
    const value = {};
    expect(deadline.run(() => value)).toBe(value);
    const error = new RangeError('mine');
    expect(() =>
      deadline.run(() => {
        throw error;
      }),
    ).toThrow(error);
    expect(deadline.remaining()).toBeGreaterThan(5000);
    expect(deadline.remaining()).toBeLessThanOrEqual(10_000);
  });

  test('stops a loop that never ends, within its time', () => {
    const begun = performance.now();
    const deadline = new Deadline(100);
    expect(() => deadline.run(spin)).toThrow(expect.objectContaining({ code: 'DEADLINE' }));
    expect(performance.now() - begun).toBeLessThan(3000);
    expect(deadline.error().message).toContain('100 ms');
  });

  test('stops it even where it catches everything', () => {
    const stubborn = (): never => {
      for (;;) {
        try {
          spin();
        } catch {
          // Goes on.
        }
      }
    };
    expect(() => new Deadline(100).run(stubborn)).toThrow(expect.objectContaining({ code: 'DEADLINE' }));
  });

  test('that has passed lets nothing begin', () => {
    const deadline = new Deadline(0);
    let begun = false;
    expect(() => deadline.run(() => (begun = true))).toThrow(expect.objectContaining({ code: 'DEADLINE' }));
    expect(begun).toBe(false);
    expect(deadline.remaining()).toBe(0);
  });

  test('spoils nothing for the next one', () => {
    const late = new Deadline(50);
    expect((): unknown => late.run(spin)).toThrow(expect.objectContaining({ code: 'DEADLINE' }));
    expect(new Deadline(10_000).run(() => 5)).toBe(5);
  });
});
