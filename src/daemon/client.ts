/**
 * Asks the daemon for a verdict (frame.ts). Loaded on every delivery by tamisc, so it loads nothing but node:net.
 */
import { connect } from 'node:net';
import { usualSockets } from '../config/sockets.ts';
import { TamisError } from '../errors.ts';
import { decodeReply, frameMark, type Question, type Reply, type StatusQuestion } from './frame.ts';
import type { Status } from './status.ts';

const lineFeed = 0x0a;

/** The daemon's address: as given, else $TAMIS_SOCKET, else the usual one. */
export function socketOf(given: string, env: NodeJS.ProcessEnv = process.env): string {
  return given || env['TAMIS_SOCKET'] || usualSockets.socket;
}

/**
 * Asks a question about the beginning of a message.
 *
 * @param socket The path of a Unix socket, or `HOST:PORT`.
 * @param milliseconds How long to wait for the answer.
 * @throws TamisError DAEMON if it cannot be asked, DEADLINE, or what the daemon's answer says.
 */
export async function askDaemon(
  socket: string,
  question: Question,
  message: Uint8Array,
  milliseconds: number,
): Promise<Extract<Reply, { verdict: unknown }>> {
  const reply = await exchange(socket, question, message, milliseconds);
  if ('verdict' in reply) return reply;
  throw new TamisError('DAEMON', `The daemon at ${socket} answered another question.`);
}

/**
 * Asks a daemon how it is.
 *
 * @param socket The path of a Unix socket, or `HOST:PORT`.
 * @param milliseconds How long to wait for the answer.
 * @param pass `SECRET@IDENT`, where the daemon asks for one.
 * @throws TamisError as {@link askDaemon}.
 */
export async function askStatus(
  socket: string,
  milliseconds: number,
  pass: string | undefined,
): Promise<Status> {
  const question: StatusQuestion = { status: true, pass };
  const reply = await exchange(socket, question, new Uint8Array(0), milliseconds);
  if ('status' in reply) return reply.status;
  throw new TamisError('DAEMON', `The daemon at ${socket} answered another question.`);
}

async function exchange(
  socket: string,
  question: Question | StatusQuestion,
  message: Uint8Array,
  milliseconds: number,
): Promise<Exclude<Reply, { code: unknown }>> {
  const line = await new Promise<string>((resolve, reject) => {
    const tcp = /^([^/]+):(\d{1,5})$/.exec(socket);
    const connection = tcp === null ? connect(socket) : connect({ host: tcp[1] ?? '', port: Number(tcp[2]) });
    const pieces: Buffer[] = [];
    const fail = (error: TamisError): void => {
      connection.destroy();
      reject(error);
    };
    // The greeting of DLMTP comes first.
    const answer = (): string | undefined => {
      const [, reply = ''] = Buffer.concat(pieces).toString().split('\n', 2);
      return reply.endsWith('}') ? reply : undefined;
    };
    const timer = setTimeout(() => {
      fail(new TamisError('DEADLINE', `The daemon at ${socket} did not answer within ${milliseconds} ms.`));
    }, milliseconds);
    connection.on('error', (cause) => {
      clearTimeout(timer);
      // A daemon that refuses has answered before it was told everything.
      const early = answer();
      if (early !== undefined) {
        resolve(early);
        return;
      }
      fail(
        new TamisError('DAEMON', `The daemon at ${socket} cannot be asked; is tamis serve running?`, {
          cause,
        }),
      );
    });
    // The line is the whole answer: its client need not wait until the connection has ended.
    connection.on('data', (piece: Buffer) => {
      pieces.push(piece);
      const reply = piece.at(-1) === lineFeed ? answer() : undefined;
      if (reply === undefined) return;
      clearTimeout(timer);
      resolve(reply);
      setImmediate(() => connection.destroy());
    });
    connection.on('end', () => {
      clearTimeout(timer);
      const reply = answer();
      if (reply !== undefined) resolve(reply);
      else fail(new TamisError('DAEMON', `The daemon at ${socket} ended in the middle of its answer.`));
    });
    connection.write(`${frameMark}${escaped(JSON.stringify(question))}\n`);
    if (message.length > 0) connection.write(message);
    connection.end();
  });
  const reply = decodeReply(line);
  if ('code' in reply) throw new TamisError(reply.code, reply.message);
  return reply;
}

/** JSON in ASCII. */
function escaped(json: string): string {
  return json.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
