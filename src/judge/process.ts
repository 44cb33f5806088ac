/**
 * One message for one user, from its first bytes to its verdict: what the filter does between reading and writing.
 */
import type { Config } from '../config/load.ts';
import { describe, systemCode, TamisError } from '../errors.ts';
import { explain } from '../classifier/explanation.ts';
import type { Deadline } from './deadline.ts';
import type * as engine from './dspam-filter.ts';
import type { DspamReading } from './dspam-filter.ts';
import { membershipOf } from './groups.ts';
import { withMember, type Member, type Users } from './members.ts';
import { readMessage, type Reading } from './reading.ts';
import type { Source } from './notes.ts';
import { log } from '../log.ts';
import type { Totals } from '../store/contract.ts';
import { isOptedOut } from './preferences.ts';
import { over, sharedModel } from './shared.ts';
import { UserFilter, type Learning, type Opinion } from './userfilter.ts';
import { userName } from './users.ts';
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
/** Below this confidence a verdict of innocent is unsure, and groups are asked: DSPAM's. */
const unsure = 0.65;
/** Messages of each class below which a user is new to DSPAM's global groups. */
const experience = { innocent: 1000, spam: 250 } as const;

/** What others say of a message. */
type Told = Pick<Verdict, 'probability' | 'confidence'> & { readonly spam: true };

/** Judges a message that arrives; learns from it as the training mode says. */
export async function judgeMessage(prefix: Uint8Array, task: Task, deadline: Deadline): Promise<Verdict> {
  const { config } = task;
  // Reading the message and opening the store go on side by side; whichever fails first decides.
  const read = readMessage(prefix, deadline);
  read.catch(() => undefined);
  const { asked, global } = membershipOf(config, userName(task.user, config));
  if (asked.length + global.length === 0) return await judgeFor(task, prefix, read, deadline);
  return await judgeFor(task, prefix, read, deadline, await secondOpinion(task, prefix, read, deadline));
}

/** What the others of a user's classification groups say, where the user is unsure or new; undefined unless one says spam. */
async function secondOpinion(
  task: Task,
  prefix: Uint8Array,
  read: Promise<Reading>,
  deadline: Deadline,
): Promise<Told | undefined> {
  const open = { create: false, wait: deadline.remaining() };
  const { membership, isNew } = await withMember(task, open, async ({ membership, memory, settings }) => {
    const totals = await memory.totals();
    const { spamLearned: spam, innocentLearned: innocent } = countsOf(totals, settings.engine);
    const isNew =
      innocent < experience.innocent || spam < experience.spam || settings.trainingMode === 'notrain';
    return { membership, isNew };
  });
  const own = await judgeFor({ ...task, classify: true }, prefix, read, deadline);
  if (own.result !== 'Innocent' || own.optedOut === true) return undefined;
  const isUnsure = own.confidence < unsure;
  const asked = [...(isUnsure ? membership.asked : []), ...(isUnsure || isNew ? membership.global : [])];
  for (const user of asked) {
    const { result, probability, confidence } = await judgeFor(
      { ...task, user, classify: true },
      prefix,
      read,
      deadline,
    );
    if (result === 'Spam') return { spam: true, probability, confidence };
  }
  return undefined;
}

/** Judges a message for one user, alone or as others have told. */
async function judgeFor(
  task: Task,
  prefix: Uint8Array,
  read: Promise<Reading>,
  deadline: Deadline,
  told?: Told,
): Promise<Verdict> {
  const { config, classify = false } = task;
  const open = { create: config.settings.createUsers && !classify, wait: deadline.remaining() };
  return await withMember(task, open, async (member) => {
    const { name, settings, memory, known, membership } = member;
    if (isOptedOut(settings)) return optedOut(name);
    const reading = await read;
    const learns = known && !classify;
    const judged =
      settings.engine === 'dspam'
        ? await receiveByDspam(member, prefix, reading, deadline, { learns, told })
        : await receive(
            new UserFilter(over(sharedModel(config.home), memory), {
              ...settings,
              trainingMode: learns ? settings.trainingMode : 'notrain',
            }),
            reading,
            settings.showFactors,
            told,
          );
    const { spamAction, spamSubject, signatureLocation, tagSpam, tagNonspam } = settings;
    return {
      ...judged,
      user: name,
      wishes: { spamAction, spamSubject, signatureLocation, tagSpam, tagNonspam },
      member: membership.managed ? name : undefined,
      at: new Date(),
    };
  });
}

/** What an engine makes of a message. */
type Judged = Pick<Verdict, 'result' | 'probability' | 'confidence' | 'signature' | 'factors'>;

async function receive(
  filter: UserFilter,
  reading: Reading,
  showFactors: boolean,
  told: Told | undefined,
): Promise<Judged> {
  const { opinion, signature } = await filter.receive(reading, told);
  return {
    result: opinion.spam ? 'Spam' : 'Innocent',
    probability: opinion.probability,
    confidence: opinion.confidence,
    signature,
    factors: showFactors ? factorsOf(reading, opinion) : undefined,
  };
}

async function receiveByDspam(
  { memory, settings }: Member,
  prefix: Uint8Array,
  reading: Reading,
  deadline: Deadline,
  { learns, told }: { readonly learns: boolean; readonly told: Told | undefined },
): Promise<Judged> {
  const { DspamFilter, dspamReading } = await dspamEngine();
  const filter = new DspamFilter(memory, settings);
  const message = deadline.run(() => dspamReading(prefix, reading));
  const { judgement, signature } = await filter.receive(message, !learns, told);
  return {
    result: judgement.whitelisted ? 'Whitelisted' : judgement.spam ? 'Spam' : 'Innocent',
    probability: judgement.probability,
    confidence: judgement.confidence,
    signature,
    factors: settings.showFactors
      ? judgement.factors.map(({ name, probability }) => ({ name: Buffer.from(name, 'latin1'), probability }))
      : undefined,
  };
}

/** Mail of a user who has opted out passes as it came. */
function optedOut(user: string): Verdict {
  return { user, result: 'Innocent', probability: 0, confidence: 0, optedOut: true, at: new Date() };
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
  const message = prefix === undefined ? undefined : await readMessage(prefix);
  const create = message !== undefined && lesson.signedOnly !== true && lesson.unlearn !== true;
  const { taught, others, pass } = await withMember(task, { create, wait }, async (member) => {
    const { name, known, membership, settings } = member;
    if (!known) throw unknownSignature(lesson.signature, name);
    const signatures = message?.signatures ?? [];
    const told =
      settings.engine === 'dspam'
        ? await teachMember(await dspamTools(prefix, message), member, signatures, lesson)
        : await teachMember(ownTools(task.config, message), member, signatures, lesson);
    const { signature, source, learning, pass } = told;
    const verdict: Verdict = {
      user: name,
      result: lesson.spam ? 'Spam' : 'Innocent',
      probability: lesson.spam ? 1 : 0,
      // DSPAM's captures 04 and 85, and 24.
      confidence: source === 'error' ? 0 : 1,
      signature,
      reclassified: source === 'error',
      at: new Date(),
    };
    const tells = lesson.spam && source !== 'corpus' && ['learned', 'relearned'].includes(learning);
    return { taught: { verdict, learning }, others: tells ? membership.inoculated : [], pass };
  });
  for (const user of others) await inoculate({ ...task, user }, wait, pass);
  return taught;
}

/** What learning needs of an engine. */
interface Filter<Read> {
  signed(id: string): Promise<Read>;
  learn(reading: Read, spam: boolean, source: Source, signed: boolean): Promise<Learning>;
  forget(reading: Read): Promise<boolean>;
}

/** An engine for any member, and the message as it reads it. */
interface Tools<Read> {
  readonly filterFor: (member: Member) => Filter<Read>;
  readonly isSpam: (reading: Read, member: Member) => Promise<boolean>;
  readonly message: Read | undefined;
}

function ownTools(config: Config, message: Reading | undefined): Tools<Reading> {
  const filterFor = ({ memory, settings }: Member): UserFilter =>
    new UserFilter(over(sharedModel(config.home), memory), settings);
  return {
    filterFor,
    isSpam: async (reading, member) => (await filterFor(member).judge(reading)).spam,
    message,
  };
}

async function dspamTools(
  prefix: Uint8Array | undefined,
  message: Reading | undefined,
): Promise<Tools<DspamReading>> {
  const { DspamFilter, dspamReading } = await dspamEngine();
  const filterFor = ({ memory, settings }: Member): engine.DspamFilter => new DspamFilter(memory, settings);
  return {
    filterFor,
    isSpam: async (reading, member) => (await filterFor(member).receive(reading, true)).judgement.spam,
    message: message && prefix && dspamReading(prefix, message),
  };
}

/** Learns for one member; `pass` teaches the same to another, if that one does not know it. */
async function teachMember<Read>(
  { filterFor, isSpam, message }: Tools<Read>,
  member: Member,
  signatures: readonly string[],
  lesson: Lesson,
): Promise<{
  signature: string | undefined;
  source: Source;
  learning: Taught['learning'];
  pass: (other: Member) => Promise<void>;
}> {
  const filter = filterFor(member);
  const { reading, signature } = await findLesson(filter, message, signatures, lesson, member.name);
  const source = lesson.source ?? (signature === undefined ? 'corpus' : 'error');
  const learning =
    lesson.unlearn === true
      ? await forget(filter, reading)
      : await filter.learn(reading, lesson.spam, source, signature !== undefined);
  const pass = async (other: Member): Promise<void> => {
    if (!(await isSpam(reading, other))) await filterFor(other).learn(reading, true, 'inoculation', false);
  };
  return { signature, source, learning, pass };
}

/** Teaches another of an inoculation group. That the user has learned is done; what fails here is told. */
async function inoculate(task: Task, wait: number, pass: (other: Member) => Promise<void>): Promise<void> {
  try {
    await withMember(task, { create: false, wait }, async (other) => {
      if (other.known) await pass(other);
    });
  } catch (error) {
    log(`${task.user} is not inoculated: ${describe(error)}`);
  }
}

/** Takes back what was learned of a message, by whatever name {@link teachMessage} would find it; false if nothing was. */
export async function forgetMessage(prefix: Uint8Array, task: Task, wait: number): Promise<boolean> {
  const message = await readMessage(prefix);
  return await withMember(task, { create: false, wait }, async (member) => {
    if (!member.known) return false;
    const forgetWith = async <Read>({ filterFor, message: own }: Tools<Read>): Promise<boolean> => {
      const filter = filterFor(member);
      const { reading } = await findLesson(filter, own, message.signatures, {}, member.name);
      return await filter.forget(reading);
    };
    return member.settings.engine === 'dspam'
      ? await forgetWith(await dspamTools(prefix, message))
      : await forgetWith(ownTools(task.config, message));
  });
}

/** The totals that belong to an engine. */
function countsOf(
  totals: Totals,
  engine: 'tamis' | 'dspam',
): Pick<Totals, 'spamLearned' | 'innocentLearned'> {
  if (engine === 'tamis') return totals;
  return { spamLearned: totals.dspamSpamLearned, innocentLearned: totals.dspamInnocentLearned };
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
