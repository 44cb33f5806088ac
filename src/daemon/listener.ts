/**
 * One listener of the daemon: its connections, so many served at once, the others waiting unread.
 *
 * Node accepts whatever comes; a connection that waits costs a descriptor and what its client could send before it was stopped
 * (64 KiB). Beyond so many connections are closed, and the clients do what they do without a daemon.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { describe } from '../errors.ts';
import { log } from '../log.ts';
import { listen, nameOf, type Access, type Address } from './address.ts';

/**
 * How a connection is served; the promise resolves when it is done with. `isUnix` is said by the listener: a connection that its
 * client has reset already has no address of its own to tell it by.
 */
export type Serve = (socket: Socket, isUnix: boolean) => Promise<void>;

/** Connections to one address. */
export class Listener {
  private readonly server: Server;
  private readonly address: Address;
  private readonly serve: Serve;
  private readonly most: number;
  private readonly waiting: Socket[] = [];
  private readonly served = new Set<Socket>();
  private isUnix = false;
  private whenIdle: (() => void) | undefined;

  /** @param limits Connections that are served at once, and those that wait at most. */
  constructor(address: Address, serve: Serve, { most, waiting }: { most: number; waiting: number }) {
    this.address = address;
    this.serve = serve;
    this.most = most;
    this.server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.take(socket);
    });
    this.server.maxConnections = most + waiting;
  }

  /** Begins to listen. */
  async open(access: Access): Promise<void> {
    await listen(this.server, this.address, access);
    // Of TCP it is an object, whoever opened it.
    const bound = this.server.address();
    this.isUnix = bound === null || typeof bound === 'string';
    this.server.on('error', (error) => {
      log(`${nameOf(this.address)}: ${describe(error)}`);
    });
  }

  /** Takes no more connections; resolves when those that are served have ended, or are cut after `patience` ms. */
  async close(patience: number): Promise<void> {
    this.server.close();
    for (const socket of this.waiting.splice(0)) socket.destroy();
    if (this.served.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        for (const socket of this.served) socket.destroy();
        resolve();
      }, patience);
      this.whenIdle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private take(socket: Socket): void {
    socket.on('error', () => undefined);
    if (this.served.size < this.most) void this.run(socket);
    else {
      this.waiting.push(socket);
      socket.once('close', () => {
        const place = this.waiting.indexOf(socket);
        if (place >= 0) this.waiting.splice(place, 1);
      });
    }
  }

  private async run(socket: Socket): Promise<void> {
    this.served.add(socket);
    try {
      await this.serve(socket, this.isUnix);
    } catch (error) {
      log(`${nameOf(this.address)}: ${describe(error)}`);
      socket.destroy();
    }
    // A client may wait for the end, which behind a shutdown comes only with the next turn of the event loop. By TCP, what a client has sent
    // and nobody has read would take the answer with it.
    if (this.isUnix && socket.writableLength === 0) socket.destroy();
    // What has been sent goes out; a client who does not take it is cut off by the timeout of its silence.
    else socket.end(() => socket.destroy());
    this.served.delete(socket);
    const next = this.waiting.shift();
    if (next !== undefined) void this.run(next);
    else if (this.served.size === 0) this.whenIdle?.();
  }
}
