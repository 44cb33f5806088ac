import { mkdtempSync, rmSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { over, sharedHome, sharedModel, writeSharedModel } from '../../src/judge/shared.ts';
import { blankMemory } from '../../src/judge/users.ts';
import { advertisement, field, mail } from '../cli/mail.ts';
import { Place } from '../cli/tamis.ts';

const path = (): string => join(sharedHome(home), 'model');
let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tamis-shared-'));
});
afterEach(() => {
  rmSync(home, { recursive: true, force: true });
});

describe('the file', () => {
  test('gives back what was written, and zeros for what was not', async () => {
    const totals = { ...(await blankMemory.totals()), spamLearned: 3, innocentTrained: 7, spamClassified: 9 };
    const integer = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
    const rows = fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 2 ** 40 - 1 }), integer, integer), {
      selector: ([key]) => key,
      maxLength: 50,
    });
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 2 ** 40 - 1 }), (list, other) => {
        const keys = Float64Array.from(list, ([key]) => key);
        writeSharedModel(home, { keys, values: Int32Array.from(list.flatMap(([, a, b]) => [a, b])) }, totals);
        const model = sharedModel(home);
        expect([...(model?.readFeatures(keys) ?? [])]).toEqual(list.flatMap(([, a, b]) => [a, b]));
        if (!keys.includes(other))
          expect([...(model?.readFeatures(Float64Array.of(other)) ?? [])]).toEqual([0, 0]);
        expect(model?.totals).toEqual({
          spamLearned: 3,
          innocentLearned: 0,
          spamTrained: 0,
          innocentTrained: 7,
        });
      }),
      { numRuns: 50 },
    );
  });

  test('that is missing is no model; one that is something else is an error that says what to do', () => {
    expect(sharedModel(home)).toBeUndefined();
    mkdirSync(sharedHome(home));
    for (const bytes of ['', 'short', 'x'.repeat(32), `tamisSM1${'\x01\0\0\0'.repeat(6)}`]) {
      writeFileSync(path(), bytes, 'latin1');
      expect(() => sharedModel(home)).toThrow(
        /is no shared model of this tamis; make it anew: tamis train --shared/,
      );
    }
  });
});

test('records and totals add up; what is taught goes to the user', async () => {
  const totals = { ...(await blankMemory.totals()), spamLearned: 2 };
  writeSharedModel(home, { keys: Float64Array.of(5), values: Int32Array.of(10, -3) }, totals);
  const applied: unknown[] = [];
  const own = Int32Array.of(1, 1, 4, 4);
  const memory = over(sharedModel(home), {
    ...blankMemory,
    readFeatures: () => Promise.resolve(own),
    totals: () => Promise.resolve({ ...totals, spamLearned: 1, spamClassified: 8 }),
    apply: (change) => Promise.resolve(void applied.push(change)),
  });
  expect([...(await memory.readFeatures(Float64Array.of(5, 6)))]).toEqual([11, -2, 4, 4]);
  expect([...own]).toEqual([1, 1, 4, 4]);
  expect(await memory.totals()).toMatchObject({ spamLearned: 3, spamClassified: 8 });
  await memory.apply({ totals: { spamLearned: 1 } });
  expect(applied).toEqual([{ totals: { spamLearned: 1 } }]);
});

test('a new user is judged by what everybody was taught, and their own word outweighs it', () => {
  const place = new Place();
  try {
    for (const [folder, message] of [
      ['spam', advertisement],
      ['ham', (id: string) => mail({ id })],
    ] as const) {
      mkdirSync(place.path(folder));
      for (let n = 0; n < 15; n++) writeFileSync(place.path(folder, `${n}`), message(`${folder}-${n}`));
    }
    const result = (user: string, stdin: string): string | undefined =>
      field(place.run([`--user=${user}`], { stdin }).stdout, 'X-DSPAM-Result');
    expect(result('new', advertisement('first'))).toBe('Innocent');
    const train = [
      'train',
      '--shared',
      '--spam',
      place.path('spam'),
      '--innocent',
      place.path('ham'),
      '--json',
    ];
    const { stdout } = place.run(train);
    expect(JSON.parse(stdout)).toMatchObject({ spam: 15, innocent: 15, failed: 0 });
    expect(result('new', advertisement('second'))).toBe('Spam');
    expect(result('new', mail({ id: 'second' }))).toBe('Innocent');
    expect(place.run(['users', 'list']).stdout).toBe('');
    const own = ['--user=joe', '--class=innocent', '--source=error'];
    for (let n = 0; n < 5; n++) place.run(own, { stdin: advertisement(`mine-${n}`) });
    expect(result('joe', advertisement('mine'))).toBe('Innocent');
    expect(result('new', advertisement('third'))).toBe('Spam');
    expect(place.run(['train', '--shared', '--user=joe', '--spam', place.path('spam')]).status).toBe(64);
    expect(place.run(['train', '--spam', place.path('spam')]).status).toBe(64);
  } finally {
    place.remove();
  }
});
