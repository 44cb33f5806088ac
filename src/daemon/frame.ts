/**
 * The mode of our own on the DLMTP socket: one question a connection, its parts of stated length.
 *
 *     S: 220 …                                 the greeting, as for every client
 *     C: TAMIS 1 {"user":"joe","bytes":1000,…}  one line of JSON, then so many bytes: the beginning of the message
 *     S: {"verdict":{…},"footers":[…]}          one line of JSON, or {"code":"…","message":"…"}
 *
 * A question of `{"status":true}` is followed by nothing, and answered by `{"status":{…}}`.
 *
 * Only what is judged goes to the daemon; the client keeps the message, puts the lines in, and delivers (filter/passage.ts). So a
 * daemon that dies in the middle can take nothing with it, and a client streams as the filter does.
 */
import type { ErrorCode } from '../errors.ts';
import type { Edit } from '../filter/edit.ts';
import type { Lesson } from '../judge/teaching.ts';
import type { Verdict } from '../judge/verdict.ts';
import type { MessageSettings } from '../judge/modes.ts';
import type { Status } from './status.ts';

/** What begins the line of a question. */
export const frameMark = 'TAMIS 1 ';

/** Bytes of a message that follow a question at most: what is judged of it. */
export const beginningBytes: number = 256 * 1024;

/** A question. */
export interface Question {
  readonly user: string;
  /** Length of the beginning of the message that follows. */
  readonly bytes: number;
  /** Whether that is all of it. */
  readonly whole: boolean;
  readonly classify: boolean;
  readonly lesson?: Lesson | undefined;
  /** In the place of the configuration's. */
  readonly settings?: MessageSettings | undefined;
  /** `SECRET@IDENT`, or the `SECRET@USER` of a user, where the daemon asks for one. */
  readonly pass?: string | undefined;
}

/** A question about the daemon itself. */
export interface StatusQuestion {
  readonly status: true;
  /** As in {@link Question}. */
  readonly pass?: string | undefined;
}

/** An answer. */
export type Reply =
  | { readonly status: Status }
  | { readonly verdict: Verdict; readonly footers: readonly Edit[] }
  | { readonly code: ErrorCode; readonly message: string };

/** An answer as a line. */
export function encodeReply(reply: Reply): string {
  const plain =
    'code' in reply || 'status' in reply
      ? reply
      : {
          verdict: {
            ...reply.verdict,
            // Names that are bytes stand in a list, because JSON has no bytes.
            factors: reply.verdict.factors?.map(({ name, probability }) => ({
              name: typeof name === 'string' ? name : [Buffer.from(name).toString('base64')],
              probability,
            })),
          },
          footers: reply.footers.map(({ start, end, bytes }) => ({
            start,
            end,
            bytes: Buffer.from(bytes).toString('base64'),
          })),
        };
  return `${JSON.stringify(plain)}\n`;
}

/** Reads {@link encodeReply}. It comes from our own daemon, so it is trusted to be of this form. */
export function decodeReply(line: string): Reply {
  const reply = JSON.parse(line) as Reply;
  if ('code' in reply || 'status' in reply) return reply;
  return {
    verdict: {
      ...reply.verdict,
      factors: reply.verdict.factors?.map(({ name, probability }) => ({
        name: typeof name === 'string' ? name : Buffer.from(String(name), 'base64'),
        probability,
      })),
      at: new Date(reply.verdict.at),
    },
    footers: reply.footers.map((edit) => ({ ...edit, bytes: Buffer.from(String(edit.bytes), 'base64') })),
  };
}
