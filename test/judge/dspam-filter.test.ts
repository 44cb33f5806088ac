import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { decimals } from '../../src/classifier/dspam/decimals.ts';
import { readMessage } from '../../src/classifier/dspam/text.ts';
import { checkSettings, type RawSettings } from '../../src/config/settings.ts';
import { DspamFilter } from '../../src/judge/dspam-filter.ts';
import type { DspamReading } from '../../src/judge/dspam-signature.ts';
import type { UserStore } from '../../src/store/contract.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';

const golden = new URL('../classifier/dspam/golden/', import.meta.url);
let user: UserStore;

beforeEach(async () => {
  const opened = await new MemoryStore().open('joe', { create: true });
  if (opened === undefined) throw new Error('not created');
  user = opened;
});

function filter(raw: RawSettings = {}): DspamFilter {
  return new DspamFilter(user, checkSettings({ engine: 'dspam', ...raw }, 'test'));
}

function reading(name: string): DspamReading {
  const fingerprint = Buffer.from(name.padEnd(16));
  return { text: readMessage(readFileSync(new URL(`msgs/${name}.eml`, golden))), fingerprint };
}

async function train(by: DspamFilter): Promise<void> {
  for (let i = 0; i < 20; i++) {
    const number = String(i).padStart(2, '0');
    await by.learn(reading(`ham${number}`), false, 'corpus');
    await by.learn(reading(`spam${number}`), true, 'corpus');
  }
}

async function tokens(): Promise<Map<bigint, string>> {
  const found = new Map<bigint, string>();
  for await (const { keys, values } of user.tokens()) {
    for (const [at, key] of keys.entries()) found.set(key, `${values[2 * at]} ${values[2 * at + 1]}`);
  }
  return found;
}

describe("DSPAM's engine on a store", () => {
  test.each([
    ['word-graham', { tokenizer: 'word', algorithms: 'graham' }],
    ['chain-gb', {}],
    ['osb-gb', { tokenizer: 'osb' }],
    ['sbph-markov', { tokenizer: 'sbph', algorithms: 'burton', pValue: 'markov', processorBias: 'off' }],
  ])('judges as DSPAM did: %s', async (run, settings) => {
    const by = filter(settings);
    await train(by);
    const lines = readFileSync(new URL(`${run}.classify.txt`, golden), 'latin1')
      .trim()
      .split('\n')
      .slice(1);
    for (const line of lines) {
      const { judgement } = await by.receive(reading(line.split(' ', 1)[0] ?? ''), true);
      const { spam, probability, confidence } = judgement;
      expect(line).toContain(
        `result="${spam ? 'Spam' : 'Innocent'}"; class="${spam ? 'Spam' : 'Innocent'}"; ` +
          `probability=${decimals(probability, 4)}; confidence=${decimals(confidence, 2)}`,
      );
    }
  });

  test('of which nothing is known is innocent with .0023 (01-classify-unknown-user)', async () => {
    const { judgement } = await filter().receive(reading('ham00'), true);
    expect(decimals(judgement.probability, 4)).toBe('0.0023');
    expect(judgement).toMatchObject({ spam: false, confidence: 1 });
  });

  test('takes back by its signature what it learned from a wrong verdict, once', async () => {
    const by = filter();
    await train(by);
    const before = await tokens();
    const { judgement, signature = '' } = await by.receive(reading('spam21'), false);
    expect(judgement.spam).toBe(true);
    for (const [source, spam] of [
      ['error', false],
      ['error', false],
      ['error', true],
    ] as const) {
      await by.learn(await by.signed(signature), spam, source);
    }
    expect(await user.totals()).toMatchObject({
      dspamSpamLearned: 21,
      dspamInnocentLearned: 20,
      dspamInnocentMisclassified: 1,
      dspamSpamMisclassified: 1,
      spamLearned: 0,
    });
    await by.learn(await by.signed(signature), false, 'corpus');
    await by.learn(await by.signed(signature), true, 'corpus');
    expect((await tokens()).size).toBeGreaterThan(before.size);
  });

  test('whitelists a sender of innocent mail only, above the threshold', async () => {
    const by = filter({ whitelistThreshold: 3 });
    for (const name of ['ham00', 'ham01', 'ham02', 'ham03', 'ham04', 'ham05']) {
      for (const copy of ['a', 'b', 'c', 'd']) {
        const { text } = reading(name);
        await by.learn({ text, fingerprint: Buffer.from((name + copy).padEnd(16)) }, false, 'corpus');
      }
    }
    const { judgement } = await by.receive(reading('ham00'), true);
    expect(judgement).toMatchObject({ whitelisted: true, spam: false });
    expect(
      (await filter({ enableWhitelist: 'off' }).receive(reading('ham00'), true)).judgement.whitelisted,
    ).toBe(false);
  });

  test('changes nothing under notrain and classify', async () => {
    await filter({ trainingMode: 'notrain' }).receive(reading('ham00'), false);
    await filter().receive(reading('ham00'), true);
    expect((await tokens()).size).toBe(0);
  });

  test('gives back the whole text of a long message', async () => {
    const body = Array.from({ length: 9000 }, (_, i) => `word${(i * 7919) % 99991}`).join(' ');
    const long = { text: { fields: [], body }, fingerprint: Buffer.alloc(16, 7) };
    const { signature = '' } = await filter().receive(long, false);
    expect(await filter().signed(signature)).toEqual(long);
  });
});
