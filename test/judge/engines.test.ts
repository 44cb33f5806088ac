/** Two engines for one imported user: DSPAM's judges, tamis' learns beside it and takes over. */
import { beforeEach, describe, expect, test } from 'vitest';
import { readMessage as readText } from '../../src/classifier/dspam/text.ts';
import { tokensOf } from '../../src/classifier/dspam/tokens.ts';
import { loadConfig } from '../../src/config/load.ts';
import { beginning, contestNote, contestOf, enough, kinds } from '../../src/judge/contest.ts';
import { Deadline } from '../../src/judge/deadline.ts';
import { optionsOf } from '../../src/judge/dspam-filter.ts';
import { foreignSignature } from '../../src/judge/dspam-signature.ts';
import type { AnyMemory, Users } from '../../src/judge/members.ts';
import { judgeMessage, type Task } from '../../src/judge/process.ts';
import { forgetMessage, teachMessage } from '../../src/judge/teaching.ts';
import type { Verdict } from '../../src/judge/verdict.ts';
import { Random } from '../../src/report/random.ts';
import type { Change, Totals, UserStore } from '../../src/store/contract.ts';
import { advertisement, mail } from '../cli/mail.ts';
import { newUser } from './reading.ts';

let store: UserStore;
/** Set to see or stop what is applied. */
let onApply: (change: Change) => void;

beforeEach(async () => {
  store = await newUser();
  onApply = () => undefined;
});

function taskWith(...set: string[]): Task {
  const memory: AnyMemory = {
    readFeatures: (keys) => store.readFeatures(keys),
    readTokens: (keys) => store.readTokens(keys),
    totals: () => store.totals(),
    note: (...question) => store.note(...question),
    apply: async (...change) => {
      onApply(change[0]);
      await store.apply(...change);
    },
  };
  const users: Users = async (_config, _given, _options, work) => await work(memory);
  return {
    user: 'joe',
    config: loadConfig(
      { home: '/nonexistent', set: ['enableWhitelist=off', ...set] },
      { TAMIS_CONFIG: '/dev/null' },
    ),
    users,
  };
}

function message(spam: boolean, id: number): Buffer {
  return Buffer.from(spam ? advertisement(`m${id}`) : mail({ id: `m${id}` }), 'latin1');
}

/** Imports tokens of a DSPAM that is always right, or always wrong, and that a correction changes nothing of. */
async function importTokens(right: boolean): Promise<void> {
  const options = optionsOf(taskWith().config.settings);
  const keys = [true, false].map((spam) => {
    const { all } = tokensOf(readText(message(spam, 0)), options);
    return new Set(all.map(({ key }) => key));
  });
  const rows = keys.flatMap((own, at) =>
    Array.from(own).map((key) => {
      const other = keys[1 - at]?.has(key) === true;
      const spam = (at === 0) === right;
      return { key, values: other ? [50_000, 50_000] : spam ? [50_000, 0] : [0, 50_000] };
    }),
  );
  await store.apply({
    tokens: {
      keys: BigUint64Array.from(rows, ({ key }) => key),
      values: Int32Array.from(rows.flatMap(({ values }) => values)),
    },
    totals: { dspamSpamLearned: 100_000, dspamInnocentLearned: 100_000 },
    notes: [contestNote(beginning)],
  });
}

async function judge(task: Task, spam: boolean, id: number): Promise<Verdict> {
  return await judgeMessage(message(spam, id), task, new Deadline(10_000));
}

async function tell(task: Task, spam: boolean, id: number, signature?: string): Promise<string> {
  const lesson = { spam, source: 'error', signature } as const;
  return (await teachMessage(message(id % 2 === 0, id), task, lesson, 0)).learning;
}

/** Judges messages that alternate between the classes; the user corrects what is wrong. Resolves to how many verdicts were. */
async function live(task: Task, from: number, count: number): Promise<number> {
  let wrong = 0;
  for (let id = from; id < from + count; id++) {
    const spam = id % 2 === 0;
    const { result, signature } = await judge(task, spam, id);
    if ((result === 'Spam') === spam) continue;
    wrong++;
    await tell(task, spam, id, signature);
  }
  return wrong;
}

async function differences(): Promise<number[]> {
  const totals = await store.totals();
  return kinds.map((kind) => totals[kind]);
}

describe('an imported user', () => {
  test('is judged by the old tokens at once, whatever engine is set', async () => {
    await importTokens(true);
    for (const task of [taskWith(), { ...taskWith('engine=dspam'), config: configOfFile('dspam') }]) {
      const { result, probability } = await judge({ ...task, classify: true }, true, 1);
      expect({ result, probability }).toEqual({ result: 'Spam', probability: 1 });
    }
    expect(await contestOf(store)).toEqual(beginning);
    expect((await store.totals()).contested).toBe(0);
  });

  test('is judged by tamis once it has proved better on what the user corrects', async () => {
    await importTokens(false);
    const task = taskWith();
    const wrong = await live(task, 0, 2 * enough);
    expect(wrong).toBe(2 * enough);
    expect(await differences()).toEqual([0, 0, 0, 0]);
    await live(task, 2 * enough, 60);
    expect((await contestOf(store))?.over).toBeGreaterThan(0);
    const tokens = (await store.totals()).dspamSpamLearned;
    expect(await live(task, 1000, 20)).toBe(0);
    expect((await store.totals()).dspamSpamLearned).toBe(tokens);
  });

  test('keeps the engine that the command line sets, and without takeOver the one that is set', async () => {
    await importTokens(false);
    await live(taskWith(), 0, 2 * enough + 60);
    expect((await judge(taskWith(), true, 2000)).result).toBe('Spam');
    expect((await judge(taskWith('engine=dspam'), true, 2000)).result).toBe('Innocent');
    expect((await judge({ ...taskWith(), config: configOfFile('dspam', false) }, true, 2000)).result).toBe(
      'Innocent',
    );
  });

  test('keeps DSPAM’s engine where silence says that it is right', async () => {
    // A model that has learned nonsense.
    for (let id = 0; id < 2 * enough; id++) {
      const lesson = { spam: id % 2 === 1, source: 'corpus' } as const;
      await teachMessage(message(id % 2 === 0, 5000 + id), taskWith('engine=tamis'), lesson, 0);
    }
    await importTokens(true);
    // Long enough for silence to outweigh what a person told of the sender.
    expect(await live(taskWith(), 0, 120)).toBe(0);
    const [byDspam, , missedByDspam, missed] = await differences();
    expect([byDspam, missedByDspam]).toEqual([0, 0]);
    expect(missed).toBeGreaterThan(0);
    expect((await contestOf(store))?.over).toBeUndefined();
    // It learns what DSPAM's engine says.
    expect((await judge({ ...taskWith('engine=tamis'), classify: true }, true, 3000)).result).toBe('Spam');
  });
});

/** A configuration that a file has said. */
function configOfFile(engine: 'dspam' | 'tamis', takeOver = true): Task['config'] {
  const { config } = taskWith();
  return { ...config, settings: { ...config.settings, engine, takeOver }, fixed: [] };
}

describe('what one message changes', () => {
  const task = taskWith;

  /** So far that the engines differ on each message. */
  async function begun(): Promise<void> {
    await importTokens(false);
    await live(task(), 0, 2 * enough);
  }

  test('in both engines is one change', async () => {
    await importTokens(false);
    const changes: Change[] = [];
    onApply = (change) => changes.push(change);
    const { signature } = await judge(task(), true, 0);
    await tell(task(), true, 0, signature);
    expect(changes).toHaveLength(2);
    for (const { tokens, features, totals } of changes) {
      expect(tokens?.keys.length).toBeGreaterThan(0);
      expect(features?.keys.length).toBeGreaterThan(0);
      expect(totals).not.toEqual({});
    }
  });

  test('is nothing if it cannot be applied', async () => {
    await begun();
    const { signature } = await judge(task(), true, 500);
    const before = await store.totals();
    onApply = () => {
      throw new Error('full');
    };
    await expect(tell(task(), true, 500, signature)).rejects.toThrow('full');
    await expect(judge(task(), true, 502)).rejects.toThrow('full');
    expect(await store.totals()).toEqual(before);
    onApply = () => undefined;
    expect(await tell(task(), true, 500, signature)).toBe('relearned');
  });

  test('is nothing where it is only classified, or in the mode notrain', async () => {
    await begun();
    const before = await store.totals();
    await judge({ ...task(), classify: true }, true, 600);
    await judge(task('trainingMode=notrain'), true, 602);
    expect(await store.totals()).toEqual(before);
  });

  test('counts once, however often it comes or is corrected, and can be taken back', async () => {
    await begun();
    const [first] = [await judge(task(), true, 700)];
    expect(await differences()).toEqual([0, 1, 0, 0]);
    await judge(task(), true, 700);
    expect(await differences()).toEqual([0, 1, 0, 0]);
    expect(await tell(task(), true, 700, first.signature)).toBe('relearned');
    expect(await tell(task(), true, 700, first.signature)).toBe('duplicate');
    expect(await differences()).toEqual([0, 0, 1, 0]);
    expect(await tell(task(), false, 700, first.signature)).toBe('relearned');
    expect(await differences()).toEqual([0, 1, 0, 0]);
    await tell(task(), true, 700);
    expect(await forgetMessage(message(true, 700), task(), 0)).toBe(true);
    expect(await differences()).toEqual([0, 1, 0, 0]);
    expect((await store.totals()).contested).toBe(2 * enough + 1);
  });

  test('comes to the same in any order of corrections', async () => {
    await begun();
    const random = new Random(3);
    const ids = Array.from({ length: 6 }, (_, at) => 800 + at);
    const told = new Map<number, boolean>();
    for (const id of ids) {
      await judge(task(), id % 2 === 0, id);
      await tell(task(), id % 2 === 0, id);
      told.set(id, id % 2 === 0);
    }
    for (let at = 0; at < 60; at++) {
      const id = ids[random.below(ids.length)] ?? 0;
      const spam = random.fraction() < 0.5;
      await tell(task(), spam, id);
      told.set(id, spam);
      const wins = ids.filter((one) => told.get(one) === (one % 2 === 0));
      const counts: Partial<Totals> = await store.totals();
      if ((await contestOf(store))?.round !== 1 || (await contestOf(store))?.over !== undefined) break;
      expect(counts.spamMissedByDspam).toBe(wins.filter((one) => one % 2 === 0).length);
      expect(counts.hamLostByDspam).toBe(wins.filter((one) => one % 2 === 1).length);
      expect(kinds.reduce((sum, kind) => sum + (counts[kind] ?? 0), 0)).toBe(ids.length);
    }
  });
});

describe('a signature that one engine alone knows', () => {
  const old = '6b0360fc154471170017774';
  const signed = (text: Buffer): Buffer =>
    Buffer.from(text.toString('latin1').replace('\n\n', `\nX-DSPAM-Signature: ${old}\n\n`), 'latin1');
  const altered = (text: Buffer): Buffer =>
    Buffer.from(text.toString('latin1').replace('Cheap watches and', 'Minutes, meeting and'), 'latin1');

  /** What each engine has learned as spam since the last call. */
  function counter(): () => Promise<{ dspam: number; own: number }> {
    const seen = { dspam: 0, own: 0 };
    return async () => {
      const { dspamSpamMisclassified, spamMisclassified } = await store.totals();
      const more = { dspam: dspamSpamMisclassified - seen.dspam, own: spamMisclassified - seen.own };
      [seen.dspam, seen.own] = [dspamSpamMisclassified, spamMisclassified];
      return more;
    };
  }

  async function correct(text: Buffer | undefined, signature?: string): Promise<string> {
    const lesson = { spam: true, source: 'error', signature } as const;
    return (await teachMessage(text, taskWith(), lesson, 0)).learning;
  }

  /** A signature that DSPAM made of a message. */
  async function importSignature(id: string, text: Buffer): Promise<void> {
    const { all } = tokensOf(readText(text), optionsOf(taskWith().config.settings));
    const keys = BigUint64Array.from(all, ({ key }) => key);
    await store.apply({ notes: foreignSignature(id, keys, Date.now() / 1000 + 1000) });
  }

  test('teaches both where the message that it was put on is there, too', async () => {
    await importTokens(false);
    await importSignature(old, message(true, 900));
    const learned = counter();
    const delivered = Buffer.concat([
      Buffer.from('Return-Path: <x@example.com>\nReceived: from localhost by mail.example.net; now\n'),
      signed(message(true, 900)),
    ]);
    expect(await correct(delivered)).toBe('learned');
    expect(await learned()).toEqual({ dspam: 1, own: 1 });
    expect(await correct(delivered)).toBe('duplicate');
    expect(await learned()).toEqual({ dspam: 0, own: 0 });
  });

  test('teaches that one alone where the message is not there', async () => {
    await importTokens(false);
    await importSignature(old, message(true, 901));
    const learned = counter();
    expect(await correct(undefined, old)).toBe('learned');
    expect(await learned()).toEqual({ dspam: 1, own: 0 });
  });

  test.each([
    [
      'a letter that forwards it',
      (text: Buffer) =>
        Buffer.from(mail({ id: 'forward', body: `> ${signed(text).toString('latin1')}` }), 'latin1'),
    ],
    [
      'an attachment of a letter',
      (text: Buffer) => {
        const fields = 'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n';
        const body = `--b\n\nLook.\n--b\nContent-Type: message/rfc822\n\n${signed(text).toString('latin1')}\n--b--\n`;
        return Buffer.from(mail({ id: 'attached', fields, body }), 'latin1');
      },
    ],
    [
      'another message',
      (text: Buffer) => Buffer.from(signed(text).toString('latin1').replace('m902@', 'else@')),
    ],
  ])('does not teach the other %s', async (_, sent) => {
    await importTokens(false);
    await importSignature(old, message(true, 902));
    const learned = counter();
    expect(await correct(sent(message(true, 902)))).toBe('learned');
    expect(await learned()).toEqual({ dspam: 1, own: 0 });
  });

  test('from before the import teaches both by the message, and tamis’ alone by one that was altered', async () => {
    const before = taskWith('engine=tamis');
    const first = await judge(before, true, 904);
    const second = await judge(before, true, 906);
    await importTokens(false);
    const learned = counter();
    expect(await correct(message(true, 904), first.signature)).toBe('learned');
    expect(await learned()).toEqual({ dspam: 1, own: 1 });
    expect(await correct(altered(message(true, 906)), second.signature)).toBe('learned');
    expect(await learned()).toEqual({ dspam: 0, own: 1 });
    // What the signature kept was learned, not what came.
    expect(await correct(message(true, 906), second.signature)).toBe('learned');
    expect(await learned()).toEqual({ dspam: 1, own: 0 });
  });

  test('takes back no verdict that DSPAM’s engine never gave', async () => {
    const first = await judge(taskWith('engine=tamis'), true, 908);
    await importTokens(false);
    const { dspamInnocentLearned } = await store.totals();
    const lesson = { spam: true, source: 'error', signature: first.signature } as const;
    await teachMessage(message(true, 908), taskWith('trainingMode=teft'), lesson, 0);
    expect((await store.totals()).dspamInnocentLearned).toBe(dspamInnocentLearned);
  });
});
