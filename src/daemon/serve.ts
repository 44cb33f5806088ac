/**
 * The daemon: its listeners, its workers, and its life.
 *
 * Ready when every listener is open. SIGTERM and SIGINT finish what is in flight and write everything; SIGHUP reads the configuration
 * again, as far as it concerns judging.
 */
import { spawn } from 'node:child_process';
import { setMaxListeners } from 'node:events';
import { createServer, type Server } from 'node:http';
import { availableParallelism } from 'node:os';
import type { Config } from '../config/load.ts';
import { nextHopSyntax } from '../config/next-hop.ts';
import { describe, TamisError } from '../errors.ts';
import { log } from '../log.ts';
import { listen, type Access, type Address } from './address.ts';
import { serveDlmtp, type Understand } from './dlmtp.ts';
import { publicEntrance, trusted } from './entrance.ts';
import { Journal } from './journal.ts';
import { Listener } from './listener.ts';
import { Metrics } from './metrics.ts';
import { Pool } from './pool.ts';
import { Service } from './service.ts';
import { serveLmtp } from './lmtp.ts';
import { serveSpamd } from './spamd.ts';
import { Wire } from './wire.ts';

/** Where the daemon listens, by protocol. */
export interface Addresses {
  readonly socket?: Address | undefined;
  readonly spamd?: Address | undefined;
  readonly lmtp?: Address | undefined;
  /** DLMTP for everybody, each for themselves. */
  readonly public?: Address | undefined;
  readonly metrics?: Address | undefined;
}

/** Milliseconds that a client may be silent. */
const idle = 60_000;
/** Milliseconds that what is in flight may take at the end. */
const patience = 10_000;

/** Connections that wait at most: a burst of mail; and few of what anybody may open, because each costs a descriptor. */
const mostWaiting = 4000;
const mostWaitingInPublic = 256;
/** The mode of a socket to which everybody may connect. */
const openToAll = 0o666;

/** A protocol over one connection. */
type Protocol = (wire: Wire, service: Service) => Promise<void>;

/** What the daemon needs of the command that starts it. */
export interface Wiring {
  /** Of this tamis. */
  readonly version: string;
  /** Reads the configuration again. */
  readonly reload: () => Config;
  /** Who may connect to the Unix sockets but the public one. */
  readonly access: Access;
  /** Called once the listeners are open: the time to become somebody else. */
  readonly beforeWork: () => void;
  /** Reads DSPAM's command line. */
  readonly understand: Understand;
}

/**
 * Serves until a signal ends it.
 *
 * @throws TamisError DAEMON if a listener cannot be opened, CONFIG if LMTP has nowhere to hand on to.
 */
export async function serve(
  config: Config,
  addresses: Addresses,
  { version, reload, access, beforeWork, understand }: Wiring,
): Promise<void> {
  const entrance = publicEntrance();
  const ending = new AbortController();
  setMaxListeners(0, ending.signal);
  const protocols: Readonly<Record<Exclude<keyof Addresses, 'metrics'>, Protocol>> = {
    socket: (wire, service) => serveDlmtp(wire, service, { entrance: trusted, understand }),
    spamd: serveSpamd,
    lmtp: serveLmtp,
    public: (wire, service) => serveDlmtp(wire, service, { entrance, understand }),
  };
  checkNextHop(config, addresses);
  const { workers, cacheBytes, connections } = config.settings;
  const late: { service?: Service } = {};
  const listeners: Listener[] = [];
  for (const [name, protocol] of Object.entries(protocols)) {
    const address = addresses[name as keyof typeof protocols];
    if (address === undefined) continue;
    const isPublic = name === 'public';
    const listener = new Listener(
      address,
      async (socket, isUnix) => {
        if (late.service !== undefined) {
          const wire = new Wire(socket, idle, { isUnix, ending: ending.signal });
          await protocol(wire, late.service);
        }
      },
      { most: connections, waiting: isPublic ? mostWaitingInPublic : mostWaiting },
    );
    await listener.open(isPublic ? { ...access, mode: openToAll } : access);
    listeners.push(listener);
  }
  const metricsServer = createServer();
  if (addresses.metrics !== undefined) await listen(metricsServer, addresses.metrics, access);
  beforeWork();
  const pool = new Pool(config, { workers: workers || availableParallelism(), budget: cacheBytes });
  const journal = new Journal();
  const metrics = new Metrics(() => pool.figures());
  const service = new Service(config, { pool, metrics, journal, version });
  late.service = service;
  answerMetrics(metricsServer, metrics, pool);

  const hangUp = (): void => {
    void reconfigure(() => checkNextHop(reload(), addresses), pool, service);
  };
  process.on('SIGHUP', hangUp);
  const ended = new Promise<void>((resolve) => {
    process.once('SIGTERM', resolve).once('SIGINT', resolve);
  });
  // Whoever sees this may send a signal at once.
  log('ready');
  tellSystemd('--ready');
  await ended;
  process.off('SIGHUP', hangUp);
  tellSystemd('--stopping');
  ending.abort();
  metricsServer.close();
  metricsServer.closeAllConnections();
  await Promise.all(listeners.map((listener) => listener.close(patience)));
  await pool.close();
  journal.close();
}

/** The configuration, if it says where LMTP hands on to. @throws TamisError CONFIG */
function checkNextHop(config: Config, addresses: Addresses): Config {
  if (addresses.lmtp !== undefined && config.settings.lmtpNext === undefined)
    throw new TamisError('CONFIG', `LMTP needs the setting lmtpNext: ${nextHopSyntax}.`);
  return config;
}

async function reconfigure(reload: () => Config, pool: Pool, service: Service): Promise<void> {
  try {
    const config = reload();
    await pool.configure(config);
    service.config = config;
    log('the configuration has been read again');
  } catch (error) {
    log(`the configuration stays as it was: ${describe(error)}`);
  }
}

/** What is at an address; it fails where the workers do not answer, and then nobody should be sent here. */
type Page = () => Promise<{ readonly type: string; readonly text: string }>;

function answerMetrics(server: Server, metrics: Metrics, pool: Pool): void {
  const pages: Readonly<Record<string, Page>> = {
    '/metrics': () => metrics.page(),
    '/health': async () => {
      await pool.figures();
      return { type: 'text/plain', text: 'ok\n' };
    },
  };
  server.on('request', ({ url = '' }, response) => {
    const [path = ''] = url.split('?', 1);
    const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
    if (page === undefined) {
      response.writeHead(404).end('There are /metrics and /health.\n');
      return;
    }
    page().then(
      ({ type, text }) => response.setHeader('Content-Type', type).end(text),
      (error: unknown) => response.writeHead(503).end(`${describe(error)}\n`),
    );
  });
}

/** Tells systemd how it stands (sd_notify(3)), by its own command: Node has no datagram sockets of the file system. */
function tellSystemd(state: '--ready' | '--stopping'): void {
  if (process.env['NOTIFY_SOCKET'] === undefined) return;
  spawn('systemd-notify', [state, `--pid=${process.pid}`], { stdio: 'ignore' }).on('error', (error) => {
    log(`systemd cannot be told ${state}: ${describe(error)}`);
  });
}
