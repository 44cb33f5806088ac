import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { beliefIn } from '../../src/judge/modes.ts';
import type { Source } from '../../src/judge/notes.ts';
import { readMessage } from '../../src/judge/reading.ts';
import { UserFilter } from '../../src/judge/userfilter.ts';
import { blankMemory } from '../../src/judge/users.ts';
import { WarmUser } from '../../src/judge/warm.ts';
import type { UserStore } from '../../src/store/contract.ts';
import { mail } from '../cli/mail.ts';
import { knownOf, newUser, randomFingerprint, reading } from './reading.ts';

const toe = { trainingMode: 'toe', signatureDays: 14, hamCost: 10 } as const;
const sources: readonly Source[] = ['corpus', 'error', 'inoculation'];

let user: UserStore;
let filter: UserFilter;
beforeEach(async () => {
  user = await newUser();
  filter = new UserFilter(user, toe);
  for (let n = 0; n < 4; n++)
    await filter.learn(await reading(n % 2 === 0, `taught-${n}`), n % 2 === 0, 'corpus');
});

describe('learning', () => {
  test.each(sources)('the same again as the same class changes nothing, first told by %s', async (source) => {
    const message = await reading(true, 'm');
    expect(await filter.learn(message, true, source)).toBe('learned');
    const once = await knownOf(user);
    for (const again of sources) expect(await filter.learn(message, true, again)).toBe('duplicate');
    expect(await knownOf(user)).toEqual(once);
  });

  test('as the other class takes the first back: as if it had never been', async () => {
    const other = await newUser();
    const otherFilter = new UserFilter(other, toe);
    for (let n = 0; n < 4; n++)
      await otherFilter.learn(await reading(n % 2 === 0, `taught-${n}`), n % 2 === 0, 'corpus');
    const message = await reading(false, 'm');
    await otherFilter.learn(message, false, 'corpus');
    const direct = await knownOf(other);

    for (const spam of [true, false, true, false]) await filter.learn(message, spam, 'corpus');
    expect(await knownOf(user)).toEqual(direct);
  });

  test('in any order, told and retold, counts each message once', async () => {
    const messages = await Promise.all([0, 1, 2].map((n) => reading(n === 0, `p-${n}`)));
    const step = fc.record({
      at: fc.nat({ max: 2 }),
      spam: fc.boolean(),
      source: fc.constantFrom(...sources),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
        const fresh = await newUser();
        const own = new UserFilter(fresh, toe);
        const last = new Map<number, boolean>();
        for (const { at, spam, source } of steps) {
          const message = messages[at];
          if (message === undefined) continue;
          const expected = !last.has(at) ? 'learned' : last.get(at) === spam ? 'duplicate' : 'relearned';
          expect(await own.learn(message, spam, source)).toBe(expected);
          last.set(at, spam);
        }
        const { totals } = await knownOf(fresh);
        expect(totals.spamLearned).toBe([...last.values()].filter((spam) => spam).length);
        expect(totals.innocentLearned).toBe([...last.values()].filter((spam) => !spam).length);
        expect(totals.spamCorpusfed + totals.innocentCorpusfed).toBeLessThanOrEqual(last.size);
        expect(Math.min(totals.spamTrained, totals.innocentTrained)).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 40 },
    );
  });

  test('turns a judgement that was wrong', async () => {
    const message = await reading(true, 'wrong');
    const before = (await filter.judge(message)).scores.total;
    await filter.learn(message, false, 'error');
    expect((await filter.judge(message)).scores.total).toBeLessThan(before);
  });
});

describe('receiving', () => {
  test('stores a signature that stands for the message until it expires', async () => {
    let now = 1_000_000;
    const clocked = new UserFilter(user, toe, () => now);
    const message = await reading(true, 'm');
    const { signature = '', opinion } = await clocked.receive(message);
    const signed = await clocked.signed(signature);
    expect(Buffer.compare(signed.fingerprint, message.fingerprint)).toBe(0);
    expect(signed.features).toEqual(message.features);
    expect((await clocked.judge(signed)).score).toBe(opinion.score);
    now += 14 * 86_400 - 1;
    await clocked.signed(signature);
    now += 2;
    await expect(clocked.signed(signature)).rejects.toMatchObject({ code: 'SIGNATURE_UNKNOWN' });
    await expect(clocked.signed('0123456712345678')).rejects.toMatchObject({ code: 'SIGNATURE_UNKNOWN' });
  });

  test('in TOE counts the message and learns nothing', async () => {
    const before = await knownOf(user);
    await filter.receive(await reading(false, 'm'));
    const { totals, features } = await knownOf(user);
    expect(features).toEqual(before.features);
    expect(totals).toEqual({
      ...before.totals,
      innocentClassified: before.totals.innocentClassified + 1,
      uncorrected: before.totals.uncorrected + 1,
    });
  });

  test('in NOTRAIN writes nothing', async () => {
    const before = await knownOf(user);
    const silent = new UserFilter(user, { ...toe, trainingMode: 'notrain' });
    expect((await silent.receive(await reading(false, 'm'))).signature).toBeUndefined();
    expect(await knownOf(user)).toEqual(before);
  });

  test('in TEFT learns what it judges, until a person tells otherwise', async () => {
    const teft = new UserFilter(user, { ...toe, trainingMode: 'teft' });
    const text = mail({
      id: 'm',
      from: 'winner@example.com',
      body: 'The minutes of the meeting, and cheap pills.\n',
    });
    const message = await readMessage(Buffer.from(text));
    const before = await knownOf(user);
    const { evidence } = await filter.judge(message);
    const { opinion, signature = '' } = await teft.receive(message);
    // Its reasons are those for which it was judged so, not what it has taught since.
    expect(opinion.evidence).toEqual(evidence);
    const believed = await knownOf(user);
    expect(believed.features).not.toEqual(before.features);
    // A retry of the delivery believes it no more than once.
    await teft.receive(message);
    expect((await knownOf(user)).features).toEqual(believed.features);

    await teft.learn(await teft.signed(signature), !opinion.spam, 'error');
    const corrected = await knownOf(user);
    const direct = new UserFilter(await newUser(), toe);
    expect(await direct.learn(message, !opinion.spam, 'error')).toBe('learned');
    const { totals } = corrected;
    expect(totals.spamLearned + totals.innocentLearned).toBe(5);
    expect(opinion.spam ? totals.innocentMisclassified : totals.spamMisclassified).toBe(1);
    expect(totals.uncorrected).toBe(0);
  });

  test('in TEFT, then told the same: counts once, with the word of a person', async () => {
    const teft = new UserFilter(user, { ...toe, trainingMode: 'teft' });
    const message = await reading(false, 'm');
    const { opinion } = await teft.receive(message);
    expect(await teft.learn(message, opinion.spam, 'corpus')).toBe('learned');
    expect(await teft.learn(message, opinion.spam, 'corpus')).toBe('duplicate');
    const own = await newUser();
    const direct = new UserFilter(own, toe);
    for (let n = 0; n < 4; n++)
      await direct.learn(await reading(n % 2 === 0, `taught-${n}`), n % 2 === 0, 'corpus');
    await direct.learn(message, opinion.spam, 'corpus');
    expect((await knownOf(user)).features).toEqual((await knownOf(own)).features);
  });

  test('for nobody leaves no trace and says nothing sure', async () => {
    const nobody = new UserFilter(blankMemory, { ...toe, trainingMode: 'notrain' });
    const { opinion, signature } = await nobody.receive(await reading(true, 'm'));
    expect(signature).toBeUndefined();
    expect(opinion).toMatchObject({ spam: false, confidence: 0 });
  });
});

describe('a mode believes the filter', () => {
  const totals = (learned: number) => ({
    ...blank,
    spamLearned: learned,
    innocentLearned: learned,
  });
  let blank: Awaited<ReturnType<typeof blankMemory.totals>>;
  beforeEach(async () => {
    blank = await blankMemory.totals();
  });

  test('never, always, or until it is mature; less than a person; not where nobody corrects', () => {
    const opinion = { confidence: 0.98, totals: totals(10) };
    expect(beliefIn('toe', opinion, 0)).toBe(0);
    expect(beliefIn('notrain', opinion, 0)).toBe(0);
    expect(beliefIn('teft', opinion, 0)).toBeGreaterThan(0.3);
    expect(beliefIn('teft', opinion, 0)).toBeLessThanOrEqual(0.35);
    expect(beliefIn('tum', opinion, 0)).toBe(beliefIn('teft', opinion, 0));
    expect(beliefIn('tum', { ...opinion, totals: totals(1000) }, 0)).toBe(0);
    expect(beliefIn('teft', { ...opinion, totals: totals(1000) }, 0)).toBeGreaterThan(0);
    expect(beliefIn('teft', opinion, 199)).toBeGreaterThan(0);
    expect(beliefIn('teft', opinion, 200)).toBe(0);
    expect(beliefIn('teft', { ...opinion, confidence: 0.4 }, 0)).toBeLessThan(0.1);
  });
});

test('a warm user learns the same, and all at once', async () => {
  const warmed = await newUser();
  const warm = await WarmUser.load(warmed);
  const own = await newUser();
  const steps = [true, false, true, true, false, false];
  for (const memory of [warm, own]) {
    const each = new UserFilter(memory, toe);
    for (const [n, spam] of steps.entries())
      await each.learn(await reading(spam, `w-${n % 4}`), spam, 'error');
  }
  expect((await knownOf(warmed)).features.size).toBe(0);
  await warm.flush();
  expect(await knownOf(warmed)).toEqual(await knownOf(own));
  await warm.flush();
  expect(await knownOf(warmed)).toEqual(await knownOf(own));
});

test('a warm user notices that others have learned meanwhile, but not that they have judged', async () => {
  const warm = await WarmUser.load(user);
  await filter.receive(await reading(true, 'judged'));
  expect(await warm.follow(user)).toBe(true);
  expect((await warm.totals()).spamClassified + (await warm.totals()).innocentClassified).toBe(1);
  await filter.learn(await reading(true, 'meanwhile'), true, 'error');
  expect(await warm.follow(user)).toBe(false);
});

test('what is forgotten was never there, and can be learned again', async () => {
  const message = await reading(true, 'forgotten');
  expect(await filter.forget(message)).toBe(false);
  await filter.learn(await reading(false, 'other'), false, 'corpus');
  const before = await knownOf(user);
  await filter.learn(message, true, 'corpus');
  expect(await filter.forget(message)).toBe(true);
  expect(await knownOf(user)).toEqual(before);
  expect(await filter.forget(message)).toBe(false);
  expect(await filter.learn(message, true, 'corpus')).toBe('learned');
});

test('a signature fits whatever a message says', async () => {
  const noise = Buffer.from(Array.from({ length: 2000 }, randomFingerprint).flatMap((bytes) => [...bytes]));
  const text = mail({
    id: 'noise',
    subject: noise.toString('base64').slice(0, 3000),
    body: noise.toString('base64'),
  });
  const message = await readMessage(Buffer.from(text));
  const { signature = '' } = await filter.receive(message);
  expect((await filter.signed(signature)).features).toEqual(message.features);
});
