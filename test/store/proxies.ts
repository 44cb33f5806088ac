/** Proxies between a store and its server, that do what networks do. */
import { once } from 'node:events';
import { createConnection, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Where a server listens. */
export type Target = { readonly host: string; readonly port: number } | { readonly path: string };

/** Passes on what it gets; a subclass says what becomes of it. */
export class Proxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(target: Target) {
    this.#server = createServer((client) => {
      const upstream = createConnection(target);
      for (const socket of [client, upstream]) {
        this.#sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => this.#sockets.delete(socket));
      }
      client.on('data', (bytes) => {
        this.asked?.(bytes, client);
        upstream.write(bytes);
      });
      upstream.on('data', (bytes) => {
        this.answered(bytes, client);
      });
      client.on('close', () => upstream.destroy());
      upstream.on('close', () => client.destroy());
    });
  }

  /** Listens on a port of the loopback, any unless given; resolves to the port. */
  async listen(port = 0): Promise<number> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  /** A client says something. */
  protected asked?(bytes: Buffer, client: Socket): void;

  /** The server answers a client. */
  protected answered(bytes: Buffer, client: Socket): void {
    client.write(bytes);
  }
}

/** Holds back what the server answers. */
export class SlowProxy extends Proxy {
  readonly #delay: number;

  constructor(target: Target, delay: number) {
    super(target);
    this.#delay = delay;
  }

  protected override answered(bytes: Buffer, client: Socket): void {
    setTimeout(() => client.write(bytes), this.#delay);
  }
}

/** Lets a request reach the server, and cuts the connection when the server has answered it, before the answer gets back. */
export class CuttingProxy extends Proxy {
  readonly #sign: RegExp;
  readonly #doomed = new Set<Socket>();
  #left = 0;
  /** Connections that were cut. */
  cuts = 0;

  /** @param sign What the request says. */
  constructor(target: Target, sign: RegExp) {
    super(target);
    this.#sign = sign;
  }

  /** Cuts the next connections that send such a request. */
  arm(times: number): void {
    this.#left = times;
  }

  protected override asked(bytes: Buffer, client: Socket): void {
    if (this.#left === 0 || !this.#sign.test(bytes.toString('latin1'))) return;
    this.#left--;
    this.#doomed.add(client);
  }

  protected override answered(bytes: Buffer, client: Socket): void {
    if (!this.#doomed.delete(client)) {
      client.write(bytes);
      return;
    }
    this.cuts++;
    client.destroy();
  }
}

/** Counts how often a client waits for the server: requests that are sent when the answer to the one before is back. */
export class CountingProxy extends Proxy {
  readonly #waiting = new Set<Socket>();
  trips = 0;

  protected override asked(_bytes: Buffer, client: Socket): void {
    if (this.#waiting.has(client)) return;
    this.#waiting.add(client);
    this.trips++;
  }

  protected override answered(bytes: Buffer, client: Socket): void {
    this.#waiting.delete(client);
    super.answered(bytes, client);
  }
}
