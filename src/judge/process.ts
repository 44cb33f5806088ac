/**
 * One message for one user, from its first bytes to its verdict: what the filter does between reading and writing.
 */
import type { Config } from '../config/load.ts';
import { systemCode, TamisError } from '../errors.ts';
import { explain } from '../classifier/explanation.ts';
import type { Deadline } from './deadline.ts';
import type * as engine from './dspam-filter.ts';
import type { DspamReading, TokenMemory } from './dspam-filter.ts';
import { readMessage, type Reading } from './reading.ts';
import type { Source } from './notes.ts';
import type { OpenOptions } from '../store/contract.ts';
import { isOptedOut, preferencesOf, settingsFor } from './preferences.ts';
import { over, sharedModel } from './shared.ts';
import { UserFilter, type Learning, type Memory, type Opinion } from './userfilter.ts';
import { blankMemory, userName, withUser } from './users.ts';
import type { Verdict } from './verdict.ts';

/** What to do with a message. */
export interface Task {
  readonly user: string;
  readonly config: Config;
  /** Judge only: learn nothing, write nothing. */
  readonly classify?: boolean;
  /** How a user's memory is come by: opened for this message alone, unless somebody keeps users (daemon/). */
  readonly users?: Users;
}

/** Does work with a user's memory, in the form of withUser (users.ts). */
export type Users = <Result>(
  config: Config,
  given: string,
  options: OpenOptions,
  work: (memory: (Memory & TokenMemory) | undefined) => Promise<Result>,
) => Promise<Result>;

/** A class to learn, and by which signature. */
export interface Lesson {
  readonly spam: boolean;
  /** Undefined: a correction if the message carries a signature that is known, else from a collection. */
  readonly source?: Source;
  readonly signature?: string | undefined;
  /** Learn nothing that the filter has not signed for this user: who sends it proves that they have received it. */
  readonly signedOnly?: boolean;
  /** Take back what was learned of the message, whatever it was learned as, instead of learning it. */
  readonly unlearn?: boolean;
}

/** What teaching came to. */
export interface Taught {
  readonly verdict: Verdict;
  /** `forgotten`: what was learned of it has been taken back. */
  readonly learning: Learning | 'forgotten';
}

/** DSPAM's engine, loaded where it is set. */
const dspamEngine = (): Promise<typeof engine> => import('./dspam-filter.ts');

/** How many factors a header names. */
const factorCount = 15;

/** Judges a message that arrives; learns from it as the training mode says. */
export async function judgeMessage(prefix: Uint8Array, task: Task, deadline: Deadline): Promise<Verdict> {
  const { config, classify = false, users = withUser } = task;
  const { createUsers } = config.settings;
  // Reading the message and opening the store go on side by side; whichever fails first decides.
  const read = readMessage(prefix, deadline);
  read.catch(() => undefined);
  const open = { create: createUsers && !classify, wait: deadline.remaining() };
  return await users(config, task.user, open, async (store) => {
    const settings = settingsFor(config, await preferencesOf(store));
    if (isOptedOut(settings)) return optedOut(userName(task.user, config));
    const { trainingMode, showFactors, spamAction, spamSubject, signatureLocation } = settings;
    const wishes = { spamAction, spamSubject, signatureLocation };
    const reading = await read;
    if (settings.engine === 'dspam') {
      const { dspamReading } = await dspamEngine();
      const dspam = deadline.run(() => dspamReading(prefix, reading));
      return {
        ...(await receiveByDspam(store, dspam, { ...task, config: { ...config, settings } })),
        wishes,
      };
    }
    const filter = new UserFilter(over(sharedModel(config.home), store ?? blankMemory), {
      ...settings,
      trainingMode: classify || store === undefined ? 'notrain' : trainingMode,
    });
    const { opinion, signature } = await filter.receive(reading);
    return {
      user: userName(task.user, config),
      result: opinion.spam ? 'Spam' : 'Innocent',
      probability: opinion.probability,
      confidence: opinion.confidence,
      signature,
      factors: showFactors ? factorsOf(reading, opinion) : undefined,
      wishes,
      at: new Date(),
    };
  });
}

/** Mail of a user who has opted out passes as it came. */
function optedOut(user: string): Verdict {
  return { user, result: 'Innocent', probability: 0, confidence: 0, optedOut: true, at: new Date() };
}

async function receiveByDspam(
  store: TokenMemory | undefined,
  reading: DspamReading,
  { user, config, classify = false }: Task,
): Promise<Verdict> {
  const { DspamFilter } = await dspamEngine();
  const filter = new DspamFilter(store ?? blankMemory, config.settings);
  const { judgement, signature } = await filter.receive(reading, classify || store === undefined);
  return {
    user: userName(user, config),
    result: judgement.whitelisted ? 'Whitelisted' : judgement.spam ? 'Spam' : 'Innocent',
    probability: judgement.probability,
    confidence: judgement.confidence,
    signature,
    factors: config.settings.showFactors
      ? judgement.factors.map(({ name, probability }) => ({ name: Buffer.from(name, 'latin1'), probability }))
      : undefined,
    at: new Date(),
  };
}

/**
 * Learns a message as a class. What is learned is the message that the signature stands for, if it is known: the one of the
 * option, else the likeliest one found in the message that is known (message/tag.ts); else the message itself.
 *
 * @param prefix The message, or undefined if there is none; then the lesson's signature must be known.
 * @throws TamisError SIGNATURE_UNKNOWN where there is no message and the signature is unknown; INPUT where there is neither.
 */
export async function teachMessage(
  prefix: Uint8Array | undefined,
  task: Task,
  lesson: Lesson,
  wait: number,
): Promise<Taught> {
  const { config, users = withUser } = task;
  const message = prefix === undefined ? undefined : await readMessage(prefix);
  const create = message !== undefined && lesson.signedOnly !== true && lesson.unlearn !== true;
  return await users(config, task.user, { create, wait }, async (store) => {
    if (store === undefined) throw unknownSignature(lesson.signature, userName(task.user, config));
    const settings = settingsFor(config, await preferencesOf(store));
    const name = userName(task.user, config);
    const sourceOf = (found: string | undefined): Source =>
      lesson.source ?? (found === undefined ? 'corpus' : 'error');
    let signature: string | undefined;
    let learning: Taught['learning'];
    if (settings.engine === 'dspam') {
      const { DspamFilter, dspamReading } = await dspamEngine();
      const filter = new DspamFilter(store, settings);
      const own = message && prefix && dspamReading(prefix, message);
      const found = await findLesson<DspamReading>(filter, own, message?.signatures ?? [], lesson, name);
      ({ signature } = found);
      learning =
        lesson.unlearn === true
          ? await forget(filter, found.reading)
          : await filter.learn(found.reading, lesson.spam, sourceOf(signature), signature !== undefined);
    } else {
      const filter = new UserFilter(over(sharedModel(config.home), store), settings);
      const found = await findLesson<Reading>(filter, message, message?.signatures ?? [], lesson, name);
      ({ signature } = found);
      learning =
        lesson.unlearn === true
          ? await forget(filter, found.reading)
          : await filter.learn(found.reading, lesson.spam, sourceOf(signature));
    }
    const verdict: Verdict = {
      user: userName(task.user, config),
      result: lesson.spam ? 'Spam' : 'Innocent',
      probability: lesson.spam ? 1 : 0,
      // DSPAM's captures 04 and 85, and 24.
      confidence: sourceOf(signature) === 'error' ? 0 : 1,
      signature,
      reclassified: sourceOf(signature) === 'error',
      at: new Date(),
    };
    return { verdict, learning };
  });
}

/** Takes back what was learned of a message, by whatever name {@link teachMessage} would find it; false if nothing was. */
export async function forgetMessage(prefix: Uint8Array, task: Task, wait: number): Promise<boolean> {
  const { config, users = withUser } = task;
  const message = await readMessage(prefix);
  return await users(config, task.user, { create: false, wait }, async (store) => {
    if (store === undefined) return false;
    const name = userName(task.user, config);
    const settings = settingsFor(config, await preferencesOf(store));
    if (settings.engine === 'dspam') {
      const { DspamFilter, dspamReading } = await dspamEngine();
      const filter = new DspamFilter(store, settings);
      const own = dspamReading(prefix, message);
      const { reading } = await findLesson<DspamReading>(filter, own, message.signatures, {}, name);
      return await filter.forget(reading);
    }
    const filter = new UserFilter(over(sharedModel(config.home), store), settings);
    const { reading } = await findLesson<Reading>(filter, message, message.signatures, {}, name);
    return await filter.forget(reading);
  });
}

async function forget<Read>(
  filter: { forget(reading: Read): Promise<boolean> },
  reading: Read,
): Promise<Taught['learning']> {
  return (await filter.forget(reading)) ? 'forgotten' : 'duplicate';
}

/** @param filter Knows signatures. */
async function findLesson<Read>(
  filter: { signed(id: string): Promise<Read> },
  message: Read | undefined,
  signatures: readonly string[],
  lesson: Pick<Lesson, 'signature' | 'signedOnly'>,
  user: string,
): Promise<{ reading: Read; signature: string | undefined }> {
  const given = lesson.signature === undefined ? [] : [lesson.signature];
  for (const signature of [...given, ...signatures.toReversed()]) {
    try {
      return { reading: await filter.signed(signature), signature };
    } catch (error) {
      if (systemCode(error) !== 'SIGNATURE_UNKNOWN') throw error;
    }
  }
  if (message === undefined || lesson.signedOnly === true) {
    throw unknownSignature(lesson.signature ?? signatures.at(-1), user);
  }
  return { reading: message, signature: undefined };
}

function unknownSignature(signature: string | undefined, user: string): TamisError {
  if (signature === undefined) {
    return new TamisError('INPUT', 'There is no message on stdin, and no --signature stands for one.');
  }
  const sentence = `The signature ${JSON.stringify(signature)} is unknown for ${JSON.stringify(user)} or has expired; give the message itself on stdin.`;
  return new TamisError('SIGNATURE_UNKNOWN', sentence);
}

function factorsOf(reading: Reading, opinion: Opinion): Verdict['factors'] {
  const { reasons } = explain(reading.windows, opinion.evidence);
  return reasons
    .slice(0, factorCount)
    .map(({ name, weight }) => ({ name, probability: 1 / (1 + Math.exp(-weight)) }));
}
