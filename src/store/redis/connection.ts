/**
 * A connection to Redis or Valkey by ioredis (address.ts has the setting): one server, a cluster, or whom Sentinels name.
 *
 * More than one host are nodes of a cluster; one alone is asked whether it is part of one. A server that does not answer is given up
 * within the deadline of a message; the next command tries anew. While a master fails over, commands wait for its successor as
 * long as the deadline allows.
 *
 * Invariant: no auto-pipelining in a cluster. While a slot migrates, ioredis sends a whole pipeline to the new server because of one
 * command, and what has not moved yet reads as nothing there. Commands that are sent at the same time travel together anyway.
 */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster, Redis } from 'ioredis';
import { TamisError } from '../../errors.ts';
import { addressOf, type Address, type Login } from './address.ts';
import { explain } from './errors.ts';

/** Milliseconds for a connection to be made, and for a command to be answered, so that mail passes within its deadline (5 s). */
const connectPatience = 3000;
const commandPatience = 4000;
/** Milliseconds for replicas to confirm. */
const waitPatience = 2000;
/** Tries at a connection, and milliseconds between them. */
const tries = 3;
const pause = 50;
/** Tries at a command while a cluster has no master for its slot (its patience ends them), and milliseconds between them. */
const failoverTries = 64;
const failoverPause = 100;

/** Seconds for which the mark of an operation is kept (scripts.ts). */
const markSeconds = 3600;

/** One server, or a cluster. */
export type Client = Redis | Cluster;

/**
 * What a connection is for. A server answers nothing more on a connection that waits for replicas, so that lessons which wait have one of
 * their own, and mail is judged meanwhile.
 */
type Use = 'all' | 'lessons' | 'replica';

/** A script, and what the server knows it by. */
export interface Script {
  readonly text: string;
  readonly sha: string;
}

/** A script from its text. */
export function scriptOf(text: string): Script {
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}

/** What the server is given to run. */
export interface Call {
  readonly script: Script;
  readonly keys: readonly string[];
  readonly args: readonly (string | Buffer)[];
}

/** What every connection is made with. */
interface Common extends Login {
  readonly connectTimeout: number;
  readonly commandTimeout: number;
  readonly maxRetriesPerRequest: number;
  readonly enableReadyCheck: boolean;
  readonly disableClientInfo: boolean;
}

/** The servers of a setting, and the connection to them once there is one. */
export class Connection {
  /** The setting without its password. */
  readonly label: string;
  readonly #address: Address;
  readonly #clients = new Map<Use, Promise<Client>>();
  /** What a connection last failed with. */
  #failure: unknown;

  /** @throws TamisError CONFIG if the location is no such setting. */
  constructor(location: string, label: string) {
    this.label = label;
    this.#address = addressOf(location, label);
  }

  /** Asks the servers something. @throws TamisError. */
  async run<Result>(work: (client: Client) => Promise<Result>, use: Use = 'all'): Promise<Result> {
    try {
      return await work(await this.#connected(use));
    } catch (error) {
      throw this.explain(error);
    }
  }

  /** Asks for what a message needs: a replica, if they are to be read and there is one. @throws TamisError. */
  async read<Result>(work: (client: Client) => Promise<Result>): Promise<Result> {
    if (!this.#address.readsReplicas) return await this.run(work);
    return await this.run(work, 'replica').catch(() => this.run(work));
  }

  /** Runs a script; it is sent whole only to a server that does not know it yet. */
  async script({ script: { text, sha }, keys, args }: Call): Promise<unknown> {
    return await this.run(async (client) => {
      try {
        return await client.evalsha(sha, keys.length, ...keys, ...args);
      } catch (error) {
        if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
        return await client.eval(text, keys.length, ...keys, ...args);
      }
    });
  }

  /**
   * Runs a script that writes, and resolves when as many replicas have it as the setting says.
   *
   * In one round trip if all goes well. If not, nobody knows what the replicas have: the script runs again, which it must bear, then its
   * mark is written once more and waited for, so that all before it is there, too.
   *
   * @param mark A key that the script makes, unless it returns a number below 0.
   */
  async scriptOnReplicas(call: Call, mark: string): Promise<unknown> {
    const { wait } = this.#address;
    if (wait === 0) return await this.script(call);
    const { script, keys, args } = call;
    const [done, confirmed] = await this.run(
      async (client) =>
        (await client
          .pipeline()
          .evalsha(script.sha, keys.length, ...keys, ...args)
          .wait(wait, waitPatience)
          .exec()) ?? [],
      'lessons',
    );
    if (done?.[0] === null && confirmed?.[0] === null) {
      if (Number(done[1]) >= 0) this.#confirm(confirmed[1]);
      return done[1];
    }
    const result = await this.script(call);
    if (Number(result) >= 0)
      this.#confirm(await this.run((client) => this.#confirmed(client, mark), 'lessons'));
    return result;
  }

  /** How many replicas have a mark; 0 if the master has lost it. */
  async #confirmed(client: Client, mark: string): Promise<number> {
    const end = performance.now() + waitPatience;
    for (;;) {
      // Alone a command follows its slot to another server; beside the other it does not.
      if ((await client.expire(mark, markSeconds)) === 0) return 0;
      const answers = await client
        .pipeline()
        .expire(mark, markSeconds)
        .wait(this.#address.wait, waitPatience)
        .exec();
      const failed = answers?.find(([error]) => error !== null)?.[0];
      if (failed == null) return Number(answers?.[1]?.[1] ?? 0);
      if (performance.now() > end) throw failed;
      await sleep(failoverPause);
    }
  }

  /** The servers that hold keys: one, or the masters of the cluster. */
  async masters(): Promise<readonly Redis[]> {
    return await this.run(async (client) => {
      if (!(client instanceof Cluster)) return [client];
      await client.ping();
      return client.nodes('master');
    });
  }

  /** Replicas that must have what was taught. */
  get replicas(): number {
    return this.#address.wait;
  }

  explain(error: unknown): TamisError {
    return explain(error, this.label, this.#failure);
  }

  async close(): Promise<void> {
    const clients = [...this.#clients.values()];
    this.#clients.clear();
    for (const client of clients) (await client.catch(() => undefined))?.disconnect();
  }

  #confirm(replicas: unknown): void {
    const { wait } = this.#address;
    if (Number(replicas) >= wait) return;
    throw new TamisError(
      'STORE_FAILED',
      `The store ${this.label} has written it, but ${wait} replicas did not confirm: it is lost if the master fails now.`,
    );
  }

  async #connected(use: Use): Promise<Client> {
    const client = await this.#clients.get(use)?.catch(() => undefined);
    if (client !== undefined && client.status !== 'end') return client;
    this.#failure = undefined;
    const connecting = this.#connect(use);
    this.#clients.set(use, connecting);
    return await connecting;
  }

  async #connect(use: Use): Promise<Client> {
    const { nodes, sentinel } = this.#address;
    const [first] = nodes;
    if (sentinel !== undefined) return this.#viaSentinels(use === 'replica' ? 'slave' : 'master');
    if (nodes.length === 1) {
      const client = this.#listening(
        new Redis({ ...this.#common(), ...first, enableAutoPipelining: true, retryStrategy: retry }),
      );
      const info = await client.info('cluster');
      if (!info.includes('cluster_enabled:1')) return client;
      client.disconnect();
    }
    return this.#listening(
      new Cluster([...nodes], {
        redisOptions: this.#common(),
        enableReadyCheck: false,
        slotsRefreshTimeout: connectPatience,
        clusterRetryStrategy: retry,
        maxRedirections: failoverTries,
        retryDelayOnFailover: failoverPause,
        retryDelayOnClusterDown: failoverPause,
        ...(use === 'replica' ? { scaleReads: 'slave' } : {}),
      }),
    );
  }

  /** The name and password of the setting are those of the servers, and the password is that of the Sentinels, too. */
  #viaSentinels(role: 'master' | 'slave'): Client {
    const { nodes, sentinel = '', login } = this.#address;
    return this.#listening(
      new Redis({
        ...this.#common(),
        sentinels: [...nodes],
        name: sentinel,
        role,
        ...(login.tls === undefined ? {} : { sentinelTLS: login.tls, enableTLSForSentinelMode: true }),
        enableAutoPipelining: true,
        retryStrategy: retry,
        sentinelRetryStrategy: retry,
      }),
    );
  }

  #common(): Common {
    return {
      ...this.#address.login,
      connectTimeout: connectPatience,
      commandTimeout: commandPatience,
      maxRetriesPerRequest: tries,
      enableReadyCheck: false,
      disableClientInfo: true,
    };
  }

  /** Without a listener an error of the connection would end the process. */
  #listening<Some extends Client>(client: Some): Some {
    client.on('error', (error: unknown) => {
      this.#failure = error;
    });
    return client;
  }
}

function retry(times: number): number | null {
  return times >= tries ? null : times * pause;
}
