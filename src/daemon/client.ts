/**
 * Asks the daemon for a verdict (frame.ts). Loaded on every delivery by tamisc, so it loads nothing but node:net.
 */
import { connect } from 'node:net';
import { TamisError } from '../errors.ts';
import { decodeReply, frameMark, type Question, type Reply } from './frame.ts';

/** Where the daemon listens unless somebody says otherwise. */
const usual = '/run/tamis/tamis.sock';

/** The daemon's address: as given, else $TAMIS_SOCKET, else the usual one. */
export function socketOf(given: string, env: NodeJS.ProcessEnv = process.env): string {
  return given || env['TAMIS_SOCKET'] || usual;
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
): Promise<Exclude<Reply, { code: unknown }>> {
  const line = await exchange(socket, question, message, milliseconds);
  const reply = decodeReply(line);
  if ('code' in reply) throw new TamisError(reply.code, reply.message);
  return reply;
}

async function exchange(
  socket: string,
  question: Question,
  message: Uint8Array,
  milliseconds: number,
): Promise<string> {
  return await new Promise<string>((resolve, reject) => {
    const tcp = /^([^/]+):(\d{1,5})$/.exec(socket);
    const connection = tcp === null ? connect(socket) : connect({ host: tcp[1] ?? '', port: Number(tcp[2]) });
    const pieces: Buffer[] = [];
    const fail = (error: TamisError): void => {
      connection.destroy();
      reject(error);
    };
    const timer = setTimeout(() => {
      fail(new TamisError('DEADLINE', `The daemon at ${socket} did not answer within ${milliseconds} ms.`));
    }, milliseconds);
    connection.on('error', (cause) => {
      clearTimeout(timer);
      fail(
        new TamisError('DAEMON', `The daemon at ${socket} cannot be asked; is tamis serve running?`, {
          cause,
        }),
      );
    });
    connection.on('data', (piece: Buffer) => pieces.push(piece));
    connection.on('end', () => {
      clearTimeout(timer);
      // The greeting of DLMTP comes first.
      const [, reply = ''] = Buffer.concat(pieces).toString().split('\n', 2);
      if (reply.endsWith('}')) resolve(reply);
      else fail(new TamisError('DAEMON', `The daemon at ${socket} ended in the middle of its answer.`));
      connection.destroy();
    });
    connection.write(`${frameMark}${escaped(JSON.stringify(question))}\n`);
    connection.end(message);
  });
}

/** JSON in ASCII. */
function escaped(json: string): string {
  return json.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
