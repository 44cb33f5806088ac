import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { loadConfig, type Config } from '../../src/config/load.ts';
import { learnAll, type Example } from '../../src/judge/bulk.ts';
import { Evaluation, type Feedback } from '../../src/judge/evaluation.ts';
import { UserFilter, type Learning } from '../../src/judge/userfilter.ts';
import { userName, withKnownUser, withoutDetail, withUser } from '../../src/judge/users.ts';
import { openStore } from '../../src/store/open.ts';
import { knownOf, newUser, reading } from './reading.ts';

let config: Config;
beforeAll(() => {
  const home = mkdtempSync(join(tmpdir(), 'tamis-judge-'));
  config = loadConfig({ home }, { TAMIS_CONFIG: '/dev/null' });
});
afterAll(() => {
  rmSync(config.home, { recursive: true, force: true });
});

async function* examples(count: number): AsyncGenerator<Example> {
  for (let n = 0; n < count; n++)
    yield { reading: await reading(n % 2 === 0, `bulk-${n}`), prefix: new Uint8Array(), spam: n % 2 === 0 };
}

describe('learning in bulk', () => {
  async function run(count: number): Promise<Learning[]> {
    const learnings: Learning[] = [];
    await learnAll(config, 'Joe', examples(count), (_, learning) => learnings.push(learning));
    return learnings;
  }

  test('learns each example once, goes on where it ended, and learns what one by one would', async () => {
    expect(await run(6)).toEqual(Array<Learning>(6).fill('learned'));
    expect(await run(8)).toEqual([...Array<Learning>(6).fill('duplicate'), 'learned', 'learned']);
    const single = await newUser();
    const filter = new UserFilter(single, { trainingMode: 'toe', signatureDays: 14, hamCost: 10 });
    for await (const { reading: each, spam } of examples(8)) await filter.learn(each, spam, 'corpus');
    const known = await withKnownUser(config, 'joe', 1000, knownOf);
    expect(known).toEqual(await knownOf(single));
    expect(known.totals).toMatchObject({ spamCorpusfed: 4, innocentCorpusfed: 4 });
  });

  test('lets go of the store when an example cannot be read', async () => {
    async function* broken(): AsyncGenerator<Example> {
      yield* examples(1);
      throw new Error('unreadable');
    }
    await expect(learnAll(config, 'kim', broken(), () => undefined)).rejects.toThrow('unreadable');
    await withUser(config, 'kim', { create: true, wait: 0 }, (user) => {
      expect(user).toBeDefined();
      return Promise.resolve();
    });
  });
});

describe('learning in bulk where other hosts learn', () => {
  let shared: Config;
  beforeEach(async () => {
    const set = [`store=sqlite:${randomUUID()}.db`];
    shared = loadConfig({ home: config.home, set }, { TAMIS_CONFIG: '/dev/null' });
    const store = await openStore(shared.settings.store, shared.home);
    await store.init();
    await store.close();
  });

  async function learnElsewhere(number: number, spam: boolean): Promise<void> {
    await withUser(shared, 'joe', { create: true }, async (user) => {
      if (user === undefined) throw new Error('joe was not created');
      const filter = new UserFilter(user, { trainingMode: 'toe', signatureDays: 14, hamCost: 10 });
      await filter.learn(await reading(number % 2 === 0, `bulk-${number}`), spam, 'error');
    });
  }

  test('a slice that is refused is learned anew, and counts once', async () => {
    async function* overtaken(): AsyncGenerator<Example> {
      let number = 0;
      for await (const example of examples(10)) {
        if (number === 5) {
          await learnElsewhere(2, true);
          await learnElsewhere(3, true);
        }
        number++;
        yield example;
      }
    }
    const learnings: Learning[] = [];
    await learnAll(shared, 'joe', overtaken(), (_, learning) => learnings.push(learning));
    expect(learnings).toHaveLength(10);
    expect(learnings[2]).toBe('duplicate');
    expect(learnings[3]).toBe('relearned');
    expect(learnings.filter((one) => one === 'learned')).toHaveLength(8);
    const { totals } = await withKnownUser(shared, 'joe', 1000, knownOf);
    expect(totals).toMatchObject({ spamLearned: 5, innocentLearned: 5 });
    expect(totals).toMatchObject({ spamCorpusfed: 4, innocentCorpusfed: 5, spamMisclassified: 2 });
  });

  test('hosts that learn the same mail come to an end, and each message counts once', async () => {
    const count = 60;
    const outcomes: Learning[] = [];
    const host = async (): Promise<void> => {
      await learnAll(shared, 'joe', examples(count), (_, learning) => outcomes.push(learning));
    };
    await Promise.all([host(), host(), host()]);
    expect(outcomes.filter((one) => one === 'learned')).toHaveLength(count);
    expect(outcomes.filter((one) => one === 'duplicate')).toHaveLength(2 * count);
    const { totals } = await withKnownUser(shared, 'joe', 1000, knownOf);
    expect(totals.spamLearned + totals.innocentLearned).toBe(count);
  });
});

describe('users', () => {
  test('are lower-cased unless the site says otherwise, and have a name', () => {
    expect(userName('Joe@Example.ORG', config)).toBe('joe@example.org');
    const settings = { ...config.settings, lowerCaseUsers: false };
    expect(userName('Joe', { ...config, settings })).toBe('Joe');
    expect(() => userName('', config)).toThrow(expect.objectContaining({ code: 'USER' }));
  });

  test.each([
    ['joe+lists@example.org', '+', 'joe@example.org'],
    ['joe-a+b@example.org', '+-', 'joe@example.org'],
    ['joe+lists', '+', 'joe'],
    ['+lists@example.org', '+', '+lists@example.org'],
    ['++a@example.org', '+', '+@example.org'],
    ['joe@ex+ample.org', '+', 'joe@ex+ample.org'],
    ['joe+lists@example.org', '', 'joe+lists@example.org'],
    ['', '+', ''],
  ])('of mail for %j, with %j before a detail, are %j', (given, recipientDelimiter, name) => {
    expect(withoutDetail(given, { recipientDelimiter })).toBe(name);
  });

  test('who are unknown are an error where they must be known', async () => {
    const work = withKnownUser(config, 'Nobody', 0, () => Promise.resolve());
    await expect(work).rejects.toMatchObject({
      code: 'USER',
      message: expect.stringContaining('"nobody"') as string,
    });
  });

  test('are let go of when the work fails', async () => {
    const fails = withUser(config, 'lee', { create: true }, () => Promise.reject(new Error('work')));
    await expect(fails).rejects.toThrow('work');
    await withUser(config, 'lee', { create: false, wait: 0 }, (user) => {
      expect(user).toBeDefined();
      return Promise.resolve();
    });
  });
});

describe('feedback', () => {
  /** How many of 12 messages are learned. */
  async function told(feedback: Feedback): Promise<number> {
    const user = await newUser();
    const evaluation = new Evaluation(
      new UserFilter(user, { trainingMode: 'toe', signatureDays: 1, hamCost: 10 }),
      feedback,
    );
    for await (const { reading: each, spam } of examples(12))
      await evaluation.step({ reading: each, told: spam });
    const { totals } = await knownOf(user);
    return totals.spamLearned + totals.innocentLearned;
  }

  test.each<[string, Feedback, number]>([
    ['in full', { kind: 'full' }, 12],
    ['of none', { kind: 'none' }, 0],
    ['of the first 3', { kind: 'first', count: 3 }, 3],
    ['5 late', { kind: 'delay', count: 5 }, 7],
  ])('%s', async (_, feedback, learned) => {
    expect(await told(feedback)).toBe(learned);
  });

  test('of errors is of some, of unsure mail too of more, of half the errors of fewer', async () => {
    const [errors, unsure, half] = [
      await told({ kind: 'errors' }),
      await told({ kind: 'unsure' }),
      await told({ kind: 'half' }),
    ];
    expect(errors).toBeGreaterThan(0);
    expect(errors).toBeLessThan(12);
    expect(unsure).toBeGreaterThan(errors);
    expect(half).toBeGreaterThan(0);
    expect(half).toBeLessThanOrEqual(errors);
  });

  test('judges before it tells', async () => {
    const user = await newUser();
    const evaluation = new Evaluation(
      new UserFilter(user, { trainingMode: 'toe', signatureDays: 1, hamCost: 10 }),
      {
        kind: 'full',
      },
    );
    const opinion = await evaluation.step({ reading: await reading(true, 'first'), told: true });
    expect(opinion).toMatchObject({ spam: false, confidence: 0 });
  });
});
