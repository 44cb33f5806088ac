/** A server that takes messages over LMTP or SMTP as far as tests need it, and keeps every byte. */
import { createServer, type Server, type Socket } from 'node:net';

/** What has been taken: bytes as latin1, dots off behind every LF. */
export interface Taken {
  readonly sender: string;
  readonly recipient: string;
  readonly message: string;
}

/** The server. Whatever begins a recipient's name decides what is answered: `no`, `full`, `late`, `cut`; to `slow` once {@link letGo} is called. */
export class NextServer {
  readonly taken: Taken[] = [];
  /** Connections so far. */
  connections = 0;
  /** Answers those who wait. */
  letGo: () => void = () => undefined;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  constructor() {
    this.server = createServer((socket) => {
      this.connections++;
      this.sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => this.sockets.delete(socket));
      this.serve(socket);
    });
  }

  /** Listens on a Unix socket. */
  async open(path: string): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(path, resolve));
  }

  /** Ends every connection, as a restart does. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  /** Ends everything. */
  async close(): Promise<void> {
    this.cut();
    await new Promise<unknown>((resolve) => this.server.close(resolve));
  }

  private serve(socket: Socket): void {
    let input = '';
    let sender = '';
    let recipient = '';
    let inData = false;
    const commands: Readonly<Record<string, (line: string) => string>> = {
      LHLO: () => '250-next\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8',
      EHLO: () => '250-next\r\n250 8BITMIME',
      MAIL: (line) => {
        sender = line.slice('MAIL FROM:'.length);
        return '250 2.1.0 OK';
      },
      RCPT: (line) => {
        recipient = line.slice('RCPT TO:<'.length, -1);
        if (recipient.startsWith('late')) return '421 4.3.2 going down';
        return recipient.startsWith('no') ? '550-5.1.1 There is\r\n550 5.1.1 nobody' : '250 2.1.5 OK';
      },
      DATA: () => {
        inData = true;
        return '354 go on';
      },
      RSET: () => '250 2.0.0 OK',
      QUIT: () => '221 2.0.0 bye',
    };
    socket.write('220 next\r\n');
    socket.on('data', (piece: Buffer) => {
      input += piece.toString('latin1');
      for (;;) {
        if (inData) {
          const end = input.startsWith('.\r\n') ? 0 : input.indexOf('\n.\r\n') + 1;
          if (end === 0 && !input.startsWith('.\r\n')) return;
          const message = input.slice(0, end).replace(/(^|\n)\./g, '$1');
          input = input.slice(end + 3);
          inData = false;
          if (recipient.startsWith('cut')) {
            socket.destroy();
            return;
          }
          const full = recipient.startsWith('full');
          if (!full) this.taken.push({ sender, recipient, message });
          const answer = (): boolean =>
            socket.write(full ? '452 the disk is full\r\n' : '250 2.0.0 Kept\r\n');
          if (recipient.startsWith('slow')) this.letGo = answer;
          else answer();
          continue;
        }
        const end = input.indexOf('\r\n');
        if (end < 0) return;
        const line = input.slice(0, end);
        input = input.slice(end + 2);
        socket.write(`${commands[line.slice(0, 4)]?.(line) ?? '500 what?'}\r\n`);
        if (line === 'QUIT') socket.end();
      }
    });
  }
}
