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

  async handOn(handed: Handed): Promise<string> {
    let connection: Connection;
    try {
      connection = await this.connection();
    } catch (error) {
      return tryLater('4.4.1', error);
    }
    try {
      const reply = await connection.transaction(handed);
      // Behind a refusal the server may stand anywhere; 421 is its farewell.
      if (reply.startsWith('250')) this.kept = connection;
      else connection.quit();
      return reply;
    } catch (error) {
      connection.end();
      return tryLater('4.4.2', error);
    }
  }

  close(): void {
    this.kept?.quit();
    this.kept = undefined;
  }

  /** The connection of the message before, if the server still answers, or a new one. */
  private async connection(): Promise<Connection> {
    const { kept } = this;
    this.kept = undefined;
    if (kept !== undefined) {
      if (await kept.answers()) return kept;
      kept.end();
    }
    return await Connection.open(this.server);
  }
}

class Connection {
  private readonly wire: Wire;
  private readonly name: string;
  private extensions: ReadonlySet<string> = new Set();

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

  /** Whether the connection is still good for another transaction. */
  async answers(): Promise<boolean> {
    try {
      return (await this.ask('RSET')).code === 250;
    } catch {
      return false;
    }
  }

  /** Hands one message on; the reply for the client. */
  async transaction({ envelope, message }: Handed): Promise<string> {
    const { sender, recipient } = envelope;
    if (!isAscii(sender + recipient) && !this.extensions.has('SMTPUTF8'))
      return `550 5.6.7 ${printable(this.name)} takes no address in UTF-8`;
    const from = await this.ask(`MAIL FROM:<${sender}>${this.parameters(envelope)}`);
    if (from.code !== 250) return refused(from);
    const to = await this.ask(`RCPT TO:<${recipient}>`);
    if (to.code !== 250 && to.code !== 251) return refused(to);
    const data = await this.ask('DATA');
    if (data.code !== 354) return refused(data);
    for await (const piece of withDots(message(), '\r\n')) await this.wire.send(piece);
    return passedOn(await this.ask('.'));
  }

  /** Says goodbye without waiting for an answer. */
  quit(): void {
    const { socket } = this.wire;
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
    const greeting = await this.reply();
    const hello = greeting.code === 220 ? await this.ask(`${hellos[kind]} ${hostname()}`) : greeting;
    if (hello.code !== 250 || greeting.code !== 220) throw new Error(`It says: ${textOf(hello)}`);
    this.extensions = new Set(hello.lines.slice(1).map((line) => (line.split(' ')[0] ?? '').toUpperCase()));
  }

  private async ask(command: string): Promise<Reply> {
    await this.wire.send(`${command}\r\n`);
    return await this.reply();
  }

  private async reply(): Promise<Reply> {
    for (const lines: string[] = []; lines.length < mostLines;) {
      const line = await this.wire.line();
      if (line === undefined) throw new TamisError('DELIVERY', `${this.name} has ended the connection.`);
      const [code] = /^[2-5]\d\d(?=[ -]|$)/.exec(line) ?? [];
      if (code === undefined) break;
      lines.push(line.slice(4));
      if (line[3] !== '-') return { code: Number(code), lines };
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
