/**
 * Handing on to a server that speaks LMTP (RFC 2033) or SMTP (RFC 5321): one transaction for each recipient, since each gets
 * header lines of its own, over one connection for as long as the session lasts.
 *
 * The server's own reply to a sender, a recipient or a message goes back to the client. What it says of the connection, or
 * a connection that fails, is 451. The bytes of a message are not changed but for the dots; a library such as nodemailer turns a
 * bare CR or LF into CRLF, which breaks signatures (DKIM).
 */
import { connect, type Socket } from 'node:net';
import { hostname } from 'node:os';
import type { NextHop } from '../config/next-hop.ts';
import { TamisError } from '../errors.ts';
import { printable, tryLater, type Envelope, type Handed, type Handing } from './handing.ts';
import { withDots } from './lines.ts';
import { Wire } from './wire.ts';

/** Milliseconds that the server may be silent: what RFC 5321, 4.5.3.2 asks for every command. */
const idle = 300_000;
/** Lines of a reply at most. */
const mostLines = 100;
/** The code of a server that ends the connection (RFC 5321, 3.8). */
const farewell = 421;

type Server = Extract<NextHop, { kind: 'lmtp' | 'smtp' }>;

/** What a server says. */
interface Reply {
  readonly code: number;
  /** The texts of its lines. */
  readonly lines: readonly string[];
}

/** A server. */
export class ServerHanding implements Handing {
  private readonly server: Server;
  private kept: Connection | undefined;

  constructor(server: Server) {
    this.server = server;
  }

  async handOn({ envelope, message }: Handed): Promise<string> {
    let begun: Begun;
    try {
      begun = (await this.onKept(envelope)) ?? (await this.onNew(envelope));
    } catch (error) {
      return tryLater('4.4.1', error);
    }
    const { connection, refusal } = begun;
    if (refusal !== undefined) {
      connection.quit();
      return refused(refusal);
    }
    try {
      const reply = await connection.content(message());
      // Behind a refusal the server may stand anywhere.
      if (reply.code === 250) this.kept = connection;
      else connection.quit();
      return passedOn(reply);
    } catch (error) {
      connection.end();
      return tryLater('4.4.2', error);
    }
  }

  close(): void {
    this.kept?.quit();
    this.kept = undefined;
  }

  /** On the connection of the message before; undefined if there is none that is still good. Nothing of a message is there yet. */
  private async onKept(envelope: Envelope): Promise<Begun | undefined> {
    const connection = this.kept;
    this.kept = undefined;
    try {
      if (connection?.isSilent === true) {
        const refusal = await connection.begin(envelope);
        if (refusal?.code !== farewell) return { connection, refusal };
      }
    } catch {
      // A server may end a connection that lies idle.
    }
    connection?.end();
    return undefined;
  }

  private async onNew(envelope: Envelope): Promise<Begun> {
    const connection = await Connection.open(this.server);
    try {
      return { connection, refusal: await connection.begin(envelope) };
    } catch (error) {
      connection.end();
      throw error;
    }
  }
}

/** A connection whose server waits for a message, or has refused the envelope. */
interface Begun {
  readonly connection: Connection;
  readonly refusal: Reply | undefined;
}

class Connection {
  private readonly wire: Wire;
  private readonly name: string;
  private extensions: ReadonlySet<string> = new Set();
  /** Replies that the server owes. */
  private owed = 0;

  private constructor(socket: Socket, name: string) {
    this.wire = new Wire(socket, idle);
    this.name = name;
  }

  /** Connects and says hello. */
  static async open({ kind, address }: Server): Promise<Connection> {
    const name = 'path' in address ? address.path : `${address.host}:${address.port}`;
    const socket = connect(address).on('error', () => undefined);
    const connection = new Connection(socket, `The ${kind.toUpperCase()} server at ${name}`);
    try {
      await connection.greet(kind);
      return connection;
    } catch (cause) {
      connection.end();
      throw new TamisError('DELIVERY', `${connection.name} cannot be used.`, { cause });
    }
  }

  /** Whether the server has said nothing that was not asked for, and is there as far as can be seen. */
  get isSilent(): boolean {
    const { socket, hasMore } = this.wire;
    return socket.writable && socket.readableLength === 0 && !hasMore;
  }

  /**
   * Says for whom a message is: all at once, if the server takes that (RFC 2920).
   *
   * @returns The refusal, behind which the connection is good for nothing more; undefined if the server waits for the message.
   */
  async begin(envelope: Envelope): Promise<Reply | undefined> {
    const { sender, recipient } = envelope;
    if (!isAscii(sender + recipient) && !this.extensions.has('SMTPUTF8'))
      return { code: 550, lines: [`5.6.7 ${this.name} takes no address in UTF-8`] };
    const steps: readonly (readonly [command: string, ...codes: readonly number[]])[] = [
      [`MAIL FROM:<${sender}>${this.parameters(envelope)}`, 250],
      [`RCPT TO:<${recipient}>`, 250, 251],
      ['DATA', 354],
    ];
    const together = this.extensions.has('PIPELINING');
    for (const [command] of together ? steps : []) await this.say(command);
    for (const [command, ...codes] of steps) {
      if (!together) await this.say(command);
      const reply = await this.reply();
      if (!codes.includes(reply.code)) return reply;
    }
    return undefined;
  }

  /** Sends a message that the server waits for. */
  async content(message: AsyncIterable<Uint8Array>): Promise<Reply> {
    for await (const piece of withDots(message, '\r\n')) await this.wire.put(piece);
    const early = !this.isSilent;
    await this.say('.');
    const reply = await this.reply();
    if (early && reply.code < 400)
      throw new TamisError('DELIVERY', `${this.name} took a message before it had it.`);
    return reply;
  }

  /** Says goodbye without waiting for an answer; not where it could be taken for a message, because the server waits for one. */
  quit(): void {
    const { socket } = this.wire;
    if (this.owed > 0) {
      this.end();
      return;
    }
    socket.end('QUIT\r\n', () => {
      socket.destroy();
    });
  }

  end(): void {
    this.wire.socket.destroy();
  }

  /** A server that has no SMTPUTF8 gets a message with header fields in UTF-8 as it is: most take it. */
  private parameters({ eightBit, utf8, sender, recipient }: Envelope): string {
    const body = eightBit && this.extensions.has('8BITMIME') ? ' BODY=8BITMIME' : '';
    const needed = utf8 || !isAscii(sender + recipient);
    return body + (needed && this.extensions.has('SMTPUTF8') ? ' SMTPUTF8' : '');
  }

  private async greet(kind: 'lmtp' | 'smtp'): Promise<void> {
    this.owed++;
    const greeting = await this.reply();
    if (greeting.code === 220) await this.say(`${hellos[kind]} ${hostname()}`);
    const hello = greeting.code === 220 ? await this.reply() : greeting;
    if (hello.code !== 250 || greeting.code !== 220) throw new Error(`It says: ${textOf(hello)}`);
    this.extensions = new Set(hello.lines.slice(1).map((line) => (line.split(' ')[0] ?? '').toUpperCase()));
  }

  private async say(command: string): Promise<void> {
    this.owed++;
    await this.wire.put(`${command}\r\n`);
  }

  private async reply(): Promise<Reply> {
    for (const lines: string[] = []; lines.length < mostLines;) {
      const line = await this.wire.line();
      if (line === undefined) throw new TamisError('DELIVERY', `${this.name} has ended the connection.`);
      const [code] = /^[2-5]\d\d(?=[ -]|$)/.exec(line) ?? [];
      if (code === undefined) break;
      lines.push(line.slice(4));
      if (line[3] === '-') continue;
      this.owed--;
      return { code: Number(code), lines };
    }
    throw new TamisError('DELIVERY', `${this.name} answers what is no reply.`);
  }
}

const hellos = { lmtp: 'LHLO', smtp: 'EHLO' } as const;

/** A reply that should have asked for more: were a success passed on, of a server that is a reply behind, the message would be gone. */
function refused(reply: Reply): string {
  return passedOn(reply.code < 400 ? { ...reply, code: 451 } : reply);
}

/**
 * A reply to the envelope or the message as ours, with an enhanced code. What concerns the connection (421, and 5xx for a
 * command or its place, TLS or a password) must neither end the client's nor bounce mail, and no success but 250 is one of a
 * message.
 */
function passedOn(reply: Reply): string {
  const text = textOf(reply);
  const code = /^(?:250|5(?!0|21|3)\d\d|4(?!21)\d\d)$/.test(String(reply.code)) ? String(reply.code) : '451';
  const first = code.charAt(0);
  const enhanced = /^[245]\.\d{1,3}\.\d{1,3}(?= |$)/.test(text) && text.startsWith(first);
  return enhanced ? `${code} ${text}` : `${code} ${first}.0.0 ${text}`;
}

function textOf({ lines }: Reply): string {
  return printable(lines.join(' / '));
}

function isAscii(text: string): boolean {
  return !/[^\x20-\x7e]/.test(text);
}
