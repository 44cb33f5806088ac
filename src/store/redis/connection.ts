/**
 * A connection to Redis or Valkey, one server or a cluster, by ioredis.
 *
 * Setting: `redis://[USER:PASSWORD@]HOST[:PORT][,HOST[:PORT]]…[/DATABASE]`, `rediss://` for TLS. More than one host are nodes of a
 * cluster; one alone is asked whether it is part of one. What is asked for at the same time goes out together
 * (auto-pipelining). A server that does not answer is given up within the deadline of a message; the next command tries anew.
 */
import { createHash } from 'node:crypto';
import { Cluster, Redis } from 'ioredis';
import { TamisError } from '../../errors.ts';
import { explain } from './errors.ts';

/** Milliseconds for a connection to be made, and for a command to be answered, so that mail passes within its deadline (5 s). */
const connectPatience = 3000;
const commandPatience = 4000;
/** Tries at a connection, and milliseconds between them. */
const tries = 3;
const pause = 50;

const defaultPort = 6379;

/** One server, or a cluster. */
export type Client = Redis | Cluster;

/** A script, and what the server knows it by. */
export interface Script {
  readonly text: string;
  readonly sha: string;
}

/** A script from its text. */
export function scriptOf(text: string): Script {
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}

/** What is the same for all servers of a setting. */
interface Login {
  readonly username?: string;
  readonly password?: string;
  readonly db?: number;
  readonly tls?: object;
}

interface Address {
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  readonly options: Login;
}

/** The servers of a setting, and the connection to them once there is one. */
export class Connection {
  /** The setting without its password. */
  readonly label: string;
  readonly #address: Address;
  #client: Promise<Client> | undefined;
  /** What the connection last failed with. */
  #failure: unknown;

  /** @throws TamisError CONFIG if the location is no such setting. */
  constructor(location: string, label: string) {
    this.label = label;
    this.#address = addressOf(location, label);
  }

  /** Asks the servers something. @throws TamisError. */
  async run<Result>(work: (client: Client) => Promise<Result>): Promise<Result> {
    try {
      return await work(await this.#connected());
    } catch (error) {
      throw this.explain(error);
    }
  }

  /** Runs a script; it is sent whole only to a server that does not know it yet. */
  async script(
    { text, sha }: Script,
    keys: readonly string[],
    args: readonly (string | Buffer)[],
  ): Promise<unknown> {
    return await this.run(async (client) => {
      try {
        return await client.evalsha(sha, keys.length, ...keys, ...args);
      } catch (error) {
        if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
        return await client.eval(text, keys.length, ...keys, ...args);
      }
    });
  }

  /** The servers that hold keys: one, or the masters of the cluster. */
  async masters(): Promise<readonly Redis[]> {
    return await this.run(async (client) => {
      if (!(client instanceof Cluster)) return [client];
      await client.ping();
      return client.nodes('master');
    });
  }

  explain(error: unknown): TamisError {
    return explain(error, this.label, this.#failure);
  }

  async close(): Promise<void> {
    const client = await this.#client?.catch(() => undefined);
    this.#client = undefined;
    client?.disconnect();
  }

  async #connected(): Promise<Client> {
    const client = await this.#client?.catch(() => undefined);
    if (client !== undefined && client.status !== 'end') return client;
    this.#failure = undefined;
    this.#client = this.#connect();
    return await this.#client;
  }

  async #connect(): Promise<Client> {
    const { nodes, options } = this.#address;
    const [first] = nodes;
    const retry = (times: number): number | null => (times >= tries ? null : times * pause);
    const common = {
      ...options,
      connectTimeout: connectPatience,
      commandTimeout: commandPatience,
      maxRetriesPerRequest: tries,
      enableReadyCheck: false,
      disableClientInfo: true,
    };
    if (nodes.length === 1) {
      const client = this.#listening(
        new Redis({ ...common, ...first, enableAutoPipelining: true, retryStrategy: retry }),
      );
      const info = await client.info('cluster');
      if (!info.includes('cluster_enabled:1')) return client;
      client.disconnect();
    }
    return this.#listening(
      new Cluster([...nodes], {
        redisOptions: common,
        enableAutoPipelining: true,
        enableReadyCheck: false,
        slotsRefreshTimeout: connectPatience,
        clusterRetryStrategy: retry,
      }),
    );
  }

  /** Without a listener an error of the connection would end the process. */
  #listening<Some extends Client>(client: Some): Some {
    client.on('error', (error: unknown) => {
      this.#failure = error;
    });
    return client;
  }
}

function addressOf(location: string, label: string): Address {
  const start = location.indexOf('://') + 3;
  const rest = location.slice(start);
  const at = rest.lastIndexOf('@');
  const [hosts = '', database = ''] = rest.slice(at + 1).split('/', 2);
  const nodes = hosts.split(',').map((node) => {
    const colon = node.lastIndexOf(':');
    const host = colon < 0 || node.endsWith(']') ? node : node.slice(0, colon);
    const port = host === node ? defaultPort : Number(node.slice(colon + 1));
    return { host: host.replace(/^\[(.*)\]$/u, '$1'), port };
  });
  const wrong = nodes.some(
    ({ host, port }) => host === '' || !(Number.isInteger(port) && port > 0 && port < 65536),
  );
  if (wrong || !/^\d*$/u.test(database)) {
    throw new TamisError(
      'CONFIG',
      `store = ${JSON.stringify(label)} is no address: redis://[USER:PASSWORD@]HOST:PORT[,HOST:PORT]…[/DATABASE].`,
    );
  }
  const login = rest.slice(0, Math.max(at, 0));
  const colon = login.indexOf(':');
  const [username, password] = colon < 0 ? ['', login] : [login.slice(0, colon), login.slice(colon + 1)];
  return {
    nodes,
    options: {
      ...(username === '' ? {} : { username: decodeURIComponent(username) }),
      ...(password === '' ? {} : { password: decodeURIComponent(password) }),
      ...(database === '' ? {} : { db: Number(database) }),
      ...(location.startsWith('rediss:') ? { tls: {} } : {}),
    },
  };
}
