/** SMTP, LMTP and IMAP from the client's side, as far as tests speak them. Bytes are strings of latin1, one character a byte. */
import { once } from 'node:events';
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net';
import { expect } from 'vitest';

/** A port on the loopback address, or a Unix socket. */
export type Where = number | string;

/** A port that nobody uses. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** One connection, read by lines and by counts of bytes. */
class Wire {
  private readonly socket: Socket;
  private readonly chunks: AsyncIterator<Buffer>;
  private read = '';

  private constructor(socket: Socket) {
    this.socket = socket;
    this.chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  static async open(where: Where): Promise<Wire> {
    const socket = typeof where === 'string' ? createConnection(where) : createConnection(where, '127.0.0.1');
    await once(socket, 'connect');
    return new Wire(socket);
  }

  write(text: string): void {
    this.socket.write(Buffer.from(text, 'latin1'));
  }

  /** The next line without its end; an error if the connection ends before. */
  async line(): Promise<string> {
    while (!this.read.includes('\n')) await this.more();
    const end = this.read.indexOf('\n');
    return (await this.bytes(end + 1)).trimEnd();
  }

  async bytes(count: number): Promise<string> {
    while (this.read.length < count) await this.more();
    const bytes = this.read.slice(0, count);
    this.read = this.read.slice(count);
    return bytes;
  }

  private async more(): Promise<void> {
    const next = await this.chunks.next();
    if (next.done === true)
      throw new Error(`The server has ended the connection behind ${JSON.stringify(this.read)}.`);
    this.read += next.value.toString('latin1');
  }

  end(): void {
    this.socket.destroy();
  }
}

/** Messages for the same people. */
export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly messages: readonly string[];
}

/**
 * Hands messages to a server that must take the envelopes.
 *
 * @returns What it answers to each message, for LMTP for each recipient.
 */
export async function submit(protocol: 'SMTP' | 'LMTP', where: Where, mail: Mail): Promise<string[]> {
  const wire = await Wire.open(where);
  const reply = async (): Promise<string> => {
    let line = '';
    do line = await wire.line();
    while (line[3] === '-');
    return line;
  };
  const say = async (text: string, code: string): Promise<void> => {
    wire.write(`${text}\r\n`);
    expect((await reply()).slice(0, 3)).toBe(code);
  };
  const replies: string[] = [];
  try {
    await reply();
    await say(`${protocol === 'SMTP' ? 'EHLO' : 'LHLO'} client.example.org`, '250');
    for (const message of mail.messages) {
      await say(`MAIL FROM:<${mail.from}> BODY=8BITMIME`, '250');
      for (const user of mail.to) await say(`RCPT TO:<${user}>`, '250');
      await say('DATA', '354');
      wire.write(`${message.replace(/^\./gm, '..').replaceAll('\n', '\r\n')}.\r\n`);
      for (let n = protocol === 'SMTP' ? 1 : mail.to.length; n > 0; n--) replies.push(await reply());
    }
    await say('QUIT', '221');
    return replies;
  } finally {
    wire.end();
  }
}

/** An IMAP client that is logged in. */
export class Imap {
  private readonly wire: Wire;
  private commands = 0;

  private constructor(wire: Wire) {
    this.wire = wire;
  }

  static async login(where: Where, user: string, password: string): Promise<Imap> {
    const wire = await Wire.open(where);
    await wire.line();
    const imap = new Imap(wire);
    await imap.command(`LOGIN "${user}" "${password}"`);
    return imap;
  }

  /** What the server says of a command, line by line, with its literals; it must succeed. */
  async command(text: string, literal?: string): Promise<string[]> {
    const tag = `a${++this.commands}`;
    this.wire.write(`${tag} ${text}${literal === undefined ? '' : ` {${literal.length}}`}\r\n`);
    const said: string[] = [];
    for (;;) {
      const line = await this.wire.line();
      if (line.startsWith(`${tag} `)) {
        expect(line).toMatch(/^\w+ OK/);
        return said;
      }
      if (line.startsWith('+ ')) this.wire.write(`${literal ?? ''}\r\n`);
      const size = line.endsWith('}') ? Number(line.slice(line.lastIndexOf('{') + 1, -1)) : undefined;
      said.push(size === undefined ? line : await this.wire.bytes(size));
    }
  }

  /** The messages in a folder, with LF. */
  async messages(folder: string): Promise<string[]> {
    await this.command(`SELECT "${folder}"`);
    const said = await this.command('UID FETCH 1:* (BODY.PEEK[])');
    return said.filter((one) => one.includes('\r\n')).map((one) => one.replaceAll('\r\n', '\n'));
  }

  /** The flags of the messages in a folder. */
  async flags(folder: string): Promise<string[]> {
    await this.command(`SELECT "${folder}"`);
    const said = await this.command('FETCH 1:* (FLAGS)');
    return said.flatMap((line) => line.split('FLAGS (')[1]?.split(')')[0] ?? []);
  }

  /** Moves all that is in a folder to another. */
  async moveAll(from: string, to: string): Promise<void> {
    await this.command(`SELECT "${from}"`);
    await this.command(`MOVE 1:* "${to}"`);
  }

  async append(folder: string, message: string): Promise<void> {
    await this.command(`APPEND "${folder}"`, message.replaceAll('\n', '\r\n'));
  }

  end(): void {
    this.wire.end();
  }
}
