/** The daemon's side of our own clients' question (frame.ts). */
import { describe, TamisError } from '../errors.ts';
import { encodeReply, type Question, type Reply, type StatusQuestion } from './frame.ts';
import { admits } from './password.ts';
import type { Beginning, Service } from './service.ts';
import type { Wire } from './wire.ts';

const via = 'client';
/** More than any client sends of a message. */
const mostSkipped = 16 * 1024 * 1024;

/** Answers a question, given by its line of JSON. */
export async function answerFrame(wire: Wire, service: Service, line: string): Promise<void> {
  await wire.send(encodeReply(await replyTo(wire, service, line)));
}

async function replyTo(wire: Wire, service: Service, line: string): Promise<Reply> {
  try {
    const question = JSON.parse(Buffer.from(line, 'latin1').toString()) as Question | StatusQuestion;
    const { pass = '' } = question;
    if (!admits(service, pass, wire)) {
      await skip(wire, question);
      const sentence =
        'The daemon asks for a secret: one of its serverPass in the configuration that this user can read, or SECRET@IDENT in TAMIS_PASS.';
      throw new TamisError('SECRET', sentence);
    }
    if ('status' in question) return { status: await service.status() };
    const { user, lesson, classify, settings } = question;
    const message = await read(wire, service, question);
    if (lesson === undefined) {
      if (message === undefined) throw new TamisError('INPUT', 'There is no message.');
      return await service.judge(message, { user, via, classify, settings });
    }
    const { verdict } = await service.teach(message, { user, via }, lesson);
    return { verdict, footers: [] };
  } catch (error) {
    return { code: error instanceof TamisError ? error.code : 'DAEMON', message: describe(error) };
  }
}

/** Takes the beginning of a message from who is not let in, and keeps nothing: who cannot send to the end does not read the answer. */
async function skip(wire: Wire, question: Question | StatusQuestion): Promise<void> {
  if ('status' in question || !(question.bytes > 0 && question.bytes <= mostSkipped)) return;
  let left = question.bytes;
  for await (const piece of wire.bytes(question.bytes)) left -= piece.length;
  if (left > 0) throw new TamisError('INPUT', `${left} bytes of the message did not come.`);
}

async function read(
  wire: Wire,
  service: Service,
  { bytes, whole }: Question,
): Promise<Beginning | undefined> {
  if (!Number.isSafeInteger(bytes) || bytes < 0 || bytes > service.messageBytes)
    throw new TamisError('INPUT', `A message of ${bytes} bytes is not taken.`);
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of wire.bytes(bytes)) {
    pieces.push(piece);
    length += piece.length;
  }
  if (length !== bytes) throw new TamisError('INPUT', `${bytes} bytes were announced, ${length} came.`);
  return bytes === 0 ? undefined : { prefix: Uint8Array.from(Buffer.concat(pieces)), whole };
}
