/**
 * What a person tells of one message, learned for one user: found by its signature or as it is, by either engine, for the whole
 * group where the user is in one.
 */
import type { Config } from '../config/load.ts';
import { describe, TamisError } from '../errors.ts';
import { log } from '../log.ts';
import type { DspamFilter, DspamReading } from './dspam-filter.ts';
import { withMember, type Member } from './members.ts';
import type { Source } from './notes.ts';
import { dspamEngine, type Task } from './process.ts';
import { readMessage, type Reading } from './reading.ts';
import { over, sharedModel } from './shared.ts';
import { firstSigned } from './signature.ts';
import { UserFilter, type Learning } from './userfilter.ts';
import type { Verdict } from './verdict.ts';

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
  const { DspamFilter: Filter, dspamReading } = await dspamEngine();
  const filterFor = ({ memory, settings }: Member): DspamFilter => new Filter(memory, settings);
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
  const signed = await firstSigned(filter, [...given, ...signatures.toReversed()]);
  if (signed !== undefined) return signed;
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
