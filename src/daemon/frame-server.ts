/** The daemon's side of our own clients' question (frame.ts). */
import * as v from 'valibot';
import { describe, TamisError } from '../errors.ts';
import { messageSettings } from '../judge/modes.ts';
import { mayActFor, type Entrance, type Guest } from './entrance.ts';
import { beginningBytes, encodeReply, type Question, type Reply, type StatusQuestion } from './frame.ts';
import type { Beginning, Service } from './service.ts';
import type { Wire } from './wire.ts';

const via = 'client';

/** What a question can say: it need not come from a client of ours. */
const question: v.GenericSchema<unknown, Question | StatusQuestion> = v.union([
  v.object({ status: v.literal(true), pass: v.optional(v.string()) }),
  v.object({
    user: v.string(),
    bytes: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
    whole: v.boolean(),
    classify: v.boolean(),
    lesson: v.optional(
      v.object({
        spam: v.boolean(),
        source: v.exactOptional(v.picklist(['corpus', 'error', 'inoculation'])),
        signature: v.optional(v.string()),
        signedOnly: v.exactOptional(v.boolean()),
        unlearn: v.exactOptional(v.boolean()),
      }),
    ),
    settings: v.optional(v.record(v.picklist(messageSettings), v.string())),
    pass: v.optional(v.string()),
  }),
]);

/** Answers a question, given by its line of JSON. */
export async function answerFrame(
  wire: Wire,
  service: Service,
  entrance: Entrance,
  line: string,
): Promise<void> {
  const reply = await replyTo(wire, service, entrance, line);
  // Who is refused may still be sending.
  if ('code' in reply) await wire.sendLast(encodeReply(reply), beginningBytes);
  else await wire.send(encodeReply(reply));
}

async function replyTo(wire: Wire, service: Service, entrance: Entrance, line: string): Promise<Reply> {
  try {
    const asked = understood(line);
    const guest = entrance.admit(asked.pass ?? '', wire.isUnix, service.config);
    if (guest === undefined) throw new TamisError('SECRET', entrance.advice);
    if (!('status' in asked))
      return await guest.inTurn(async () => await judged(wire, service, guest, asked));
    if (guest.only !== undefined)
      throw new TamisError('DAEMON', 'This socket is for mail; ask the one of --socket.');
    return { status: await service.status() };
  } catch (error) {
    return { code: error instanceof TamisError ? error.code : 'DAEMON', message: describe(error) };
  }
}

function understood(line: string): Question | StatusQuestion {
  try {
    return v.parse(question, JSON.parse(Buffer.from(line, 'latin1').toString()));
  } catch (cause) {
    throw new TamisError('DAEMON', 'The question is of another version of tamis.', { cause });
  }
}

async function judged(wire: Wire, service: Service, guest: Guest, asked: Question): Promise<Reply> {
  const { user, lesson, classify, settings } = asked;
  if (!mayActFor(guest, user, service.config))
    throw new TamisError('DAEMON', `This secret is not that of ${JSON.stringify(user)}.`);
  const message = await read(wire, service, asked);
  if (lesson === undefined) {
    if (message === undefined) throw new TamisError('INPUT', 'There is no message.');
    return await service.judge(message, { user, via, classify, settings });
  }
  const { verdict } = await service.teach(message, { user, via }, lesson);
  return { verdict, footers: [] };
}

async function read(
  wire: Wire,
  service: Service,
  { bytes, whole }: Question,
): Promise<Beginning | undefined> {
  if (bytes > Math.min(beginningBytes, service.messageBytes))
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
