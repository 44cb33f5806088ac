/**
 * The setting `store` of Redis and Valkey, read:
 *
 *     redis://[USER:PASSWORD@]HOST[:PORT][,HOST[:PORT]]…[/DATABASE][?OPTION=VALUE&…]          rediss:// for TLS
 *
 * | option | |
 * |---|---|
 * | `wait=N` | what a person teaches is answered once N replicas have it |
 * | `read=replicas` | messages are read from replicas, which may lag; what is written goes to the master |
 * | `sentinel=NAME` | the hosts are Sentinels, and NAME is what they call the master |
 * | `ca=FILE`, `cert=FILE`, `key=FILE` | TLS: who has signed the server's certificate, and a certificate of ours, in PEM |
 */
import { readFileSync } from 'node:fs';
import { describe, TamisError } from '../../errors.ts';

const defaultPorts = { server: 6379, sentinel: 26379 } as const;

/** A server. */
export interface Node {
  readonly host: string;
  readonly port: number;
}

/** Files of TLS, read; empty: what the system trusts. */
export interface Tls {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/** Who we are to every server of a setting, and how it is spoken to. */
export interface Login {
  readonly username?: string;
  readonly password?: string;
  readonly db?: number;
  readonly tls?: Tls;
}

/** A setting. */
export interface Address {
  readonly nodes: readonly Node[];
  readonly login: Login;
  /** Replicas that must have what was taught before it is answered. */
  readonly wait: number;
  readonly readsReplicas: boolean;
  /** What the Sentinels call the master; undefined: the nodes are no Sentinels. */
  readonly sentinel: string | undefined;
}

const tlsFiles = ['ca', 'cert', 'key'] as const;
const options: ReadonlySet<string> = new Set(['wait', 'read', 'sentinel', ...tlsFiles]);

/**
 * Reads a setting.
 *
 * @param label The setting as it may be shown.
 * @throws TamisError CONFIG if it is none.
 */
export function addressOf(location: string, label: string): Address {
  const [place, query] = split(location.slice(location.indexOf('://') + 3), '?');
  const given = new URLSearchParams(query);
  const wrong = [...given.keys()].find((name) => !options.has(name));
  if (wrong !== undefined) refuse(label, `has the option ${wrong}; there are ${[...options].join(', ')}`);
  const at = place.lastIndexOf('@');
  const [hosts, database] = split(place.slice(at + 1), '/');
  const sentinel = given.get('sentinel') ?? undefined;
  const port = defaultPorts[sentinel === undefined ? 'server' : 'sentinel'];
  const nodes = hosts.split(',').map((host) => nodeOf(host, port, label));
  if (!/^\d*$/u.test(database)) refuse(label, 'has no number for its database');
  const wait = given.get('wait') ?? '0';
  if (!/^\d{1,2}$/u.test(wait)) refuse(label, 'has an option wait that is no number of replicas');
  const read = given.get('read') ?? 'master';
  if (read !== 'master' && read !== 'replicas') refuse(label, 'can have read=replicas only');
  return {
    nodes,
    login: {
      ...userOf(place.slice(0, Math.max(at, 0))),
      ...(database === '' ? {} : { db: Number(database) }),
      ...(location.startsWith('rediss:') ? { tls: tlsOf(given, label) } : {}),
    },
    wait: Number(wait),
    readsReplicas: read === 'replicas',
    sentinel,
  };
}

function nodeOf(text: string, defaultPort: number, label: string): Node {
  const colon = text.lastIndexOf(':');
  const host = colon < 0 || text.endsWith(']') ? text : text.slice(0, colon);
  const port = host === text ? defaultPort : Number(text.slice(colon + 1));
  if (host === '' || !(Number.isInteger(port) && port > 0 && port < 65536)) refuse(label, 'is no address');
  return { host: host.replace(/^\[(.*)\]$/u, '$1'), port };
}

function userOf(login: string): Pick<Login, 'username' | 'password'> {
  const [username, password] = login.includes(':') ? split(login, ':') : ['', login];
  return {
    ...(username === '' ? {} : { username: decodeURIComponent(username) }),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
  };
}

function tlsOf(given: URLSearchParams, label: string): Tls {
  const files = tlsFiles.flatMap((name) => {
    const file = given.get(name);
    return file === null ? [] : [[name, readPem(file, label)] as const];
  });
  return Object.fromEntries(files);
}

function readPem(file: string, label: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new TamisError(
      'CONFIG',
      `store = ${JSON.stringify(label)}: ${file} cannot be read: ${describe(cause)}`,
    );
  }
}

/** The text before and behind the first mark. */
function split(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function refuse(label: string, what: string): never {
  throw new TamisError(
    'CONFIG',
    `store = ${JSON.stringify(label)} ${what}: redis://[USER:PASSWORD@]HOST:PORT[,HOST:PORT]…[/DATABASE][?OPTION=VALUE].`,
  );
}
