/**
 * What a person tells of one message, learned for one user: found by its signature or as it is, by either engine, for the whole
 * group where the user is in one.
 */
import type { Config } from '../config/load.ts';
import { describe, TamisError } from '../errors.ts';
import { log } from '../log.ts';
import { enginesOf, type Engines, type Readings } from './engines.ts';
import { withMember, type Member } from './members.ts';
import type { Source } from './notes.ts';
import type { Task } from './process.ts';
import { readMessage, type LessonReading } from './reading.ts';
import { firstSigned } from './signature.ts';
import type { Learning } from './userfilter.ts';
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
 * @param read The message, if it has been read already.
 * @throws TamisError SIGNATURE_UNKNOWN where there is no message and the signature is unknown; INPUT where there is neither.
 */
export async function teachMessage(
  prefix: Uint8Array | undefined,
  task: Task,
  lesson: Lesson,
  wait: number,
  read?: LessonReading,
): Promise<Taught> {
  const message = prefix && { prefix, reading: read ?? (await readMessage(prefix)) };
  const create = message !== undefined && lesson.signedOnly !== true && lesson.unlearn !== true;
  const { taught, others, pass } = await withMember(task, { create, wait }, async (member) => {
    const { name, known, membership } = member;
    if (!known) throw unknownSignature(lesson.signature, name, message !== undefined);
    const engines = await enginesOf(member, task.config, message?.reading);
    const told = await teachMember(engines, message, lesson, name, task.config);
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

/** A message, read. */
interface Message {
  readonly prefix: Uint8Array;
  readonly reading: LessonReading;
}

/** Learns for one member; `pass` teaches the same to another, if that one does not know it. */
async function teachMember(
  engines: Engines,
  message: Message | undefined,
  lesson: Lesson,
  name: string,
  config: Config,
): Promise<{
  signature: string | undefined;
  source: Source;
  learning: Taught['learning'];
  pass: (other: Member) => Promise<void>;
}> {
  const { reading, signature } = await findLesson(engines, message, lesson, name);
  const source = lesson.source ?? (signature === undefined ? 'corpus' : 'error');
  const learning =
    lesson.unlearn === true
      ? await forget(engines, reading)
      : await engines.learn(reading, lesson.spam, source);
  const pass = async (other: Member): Promise<void> => {
    const others = await enginesOf(other, config);
    const theirs =
      signature === undefined && message !== undefined
        ? others.read(message.prefix, message.reading)
        : reading;
    if (!(await others.isSpam(theirs))) await others.learn(theirs, true, 'inoculation');
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
  const message = { prefix, reading: await readMessage(prefix) };
  return await withMember(task, { create: false, wait }, async (member) => {
    if (!member.known) return false;
    const engines = await enginesOf(member, task.config, message.reading);
    const { reading } = await findLesson(engines, message, {}, member.name);
    return await engines.forget(reading);
  });
}

async function forget(engines: Engines, reading: Readings): Promise<Taught['learning']> {
  return (await engines.forget(reading)) ? 'forgotten' : 'duplicate';
}

async function findLesson(
  engines: Engines,
  message: Message | undefined,
  lesson: Pick<Lesson, 'signature' | 'signedOnly'>,
  user: string,
): Promise<{ reading: Readings; signature: string | undefined }> {
  const given = lesson.signature === undefined ? [] : [lesson.signature];
  const signatures = message?.reading.signatures ?? [];
  const signed = await firstSigned(engines, [...given, ...signatures.toReversed()]);
  if (signed !== undefined) {
    const { reading: kept, signature } = signed;
    if (message === undefined) return signed;
    return { reading: engines.completed(kept, message.prefix, message.reading), signature };
  }
  if (message === undefined || lesson.signedOnly === true) {
    throw unknownSignature(lesson.signature ?? signatures.at(-1), user, message !== undefined);
  }
  return { reading: engines.read(message.prefix, message.reading), signature: undefined };
}

function unknownSignature(signature: string | undefined, user: string, hasMessage: boolean): TamisError {
  if (signature === undefined) {
    const sentence = hasMessage
      ? `The message holds no signature, and with --signed-only it must hold one that this filter put on mail of ${JSON.stringify(user)}.`
      : 'There is no message on stdin, and no --signature stands for one.';
    return new TamisError('INPUT', sentence);
  }
  const sentence = `The signature ${JSON.stringify(signature)} is unknown for ${JSON.stringify(user)} or has expired; give the message itself on stdin.`;
  return new TamisError('SIGNATURE_UNKNOWN', sentence);
}
