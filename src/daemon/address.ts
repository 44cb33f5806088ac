/**
 * Where the daemon listens: Unix sockets, TCP on loopback, or a socket that systemd passes on.
 *
 * Who can connect may act for any user, because no protocol here says reliably who is there; so a Unix socket is closed
 * to all but its owner and group (settings `socketMode`, `socketGroup`), and TCP is taken on loopback addresses only. The public socket is open to all, and
 * asks for a secret (entrance.ts).
 */
import { chmodSync, chownSync, existsSync, rmSync, statSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import { dirname } from 'node:path';
import { TamisError } from '../errors.ts';

/** A place to listen. */
export type Address =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  /** Passed on by systemd under this name (FileDescriptorName=), or the only one. */
  | { readonly kind: 'passed'; readonly fd: number };

/** Who may connect to a Unix socket: its mode, and its owner and group where they are not to be those of this process. */
export interface Access {
  readonly mode: number;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
}

/** What chown(2) takes for an owner or group that stays. */
const unchanged = -1;

/** The first descriptor that systemd passes on (sd_listen_fds(3)). */
const firstPassed = 3;

const loopback: readonly string[] = ['127.0.0.1', '::1', 'localhost'];

/**
 * Reads an address.
 *
 * @param word `PATH` with a slash in it, `HOST:PORT`, `[::1]:PORT`, or `systemd:NAME`.
 * @throws TamisError USAGE that says what it can be.
 */
export function addressOf(word: string, env: NodeJS.ProcessEnv = process.env): Address {
  if (word.startsWith('systemd:')) return passedOn(word.slice('systemd:'.length), env);
  const [, host, port] = /^(\[[\d:a-f]+\]|[^/:[\]]+):(\d{1,5})$/i.exec(word) ?? [];
  if (host === undefined || port === undefined) {
    if (word.includes('/')) return { kind: 'unix', path: word };
    throw usage(`${JSON.stringify(word)} is neither a path nor HOST:PORT`);
  }
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase();
  if (!loopback.includes(bare)) {
    throw usage(
      `${word} is not a loopback address (${loopback.join(', ')}); whoever can connect may act for any user`,
    );
  }
  return { kind: 'tcp', host: bare, port: Number(port) };
}

/** An address in words. */
export function nameOf(address: Address): string {
  switch (address.kind) {
    case 'unix':
      return address.path;
    case 'tcp':
      return `${address.host}:${address.port}`;
    case 'passed':
      return `descriptor ${address.fd}`;
  }
}

/**
 * Begins to listen. A socket file that nobody answers behind is a leftover, and is taken away.
 *
 * @throws TamisError DAEMON that names the address.
 */
export async function listen(server: Server, address: Address, access: Access): Promise<void> {
  try {
    switch (address.kind) {
      case 'unix': {
        await removeLeftover(address.path);
        // The file appears with the mode of the umask: closed first, opened by chmod.
        const before = process.umask(0o777 & ~0o600);
        try {
          await opened(server, () => server.listen({ path: address.path, backlog: 1024 }));
        } finally {
          process.umask(before);
        }
        if ((access.uid ?? access.gid) !== undefined)
          chownSync(address.path, access.uid ?? unchanged, access.gid ?? unchanged);
        chmodSync(address.path, access.mode);
        break;
      }
      case 'tcp':
        await opened(server, () => server.listen({ host: address.host, port: address.port, backlog: 1024 }));
        break;
      case 'passed':
        await opened(server, () => server.listen({ fd: address.fd }));
        break;
    }
  } catch (cause) {
    const folder = address.kind === 'unix' ? dirname(address.path) : '/';
    // Node says EACCES then.
    const sentence = existsSync(folder)
      ? `Cannot listen on ${nameOf(address)}.`
      : `Cannot listen on ${nameOf(address)}: there is no folder ${folder}. Make it for the user who runs the daemon: install -d -o USER -m 755 ${folder}`;
    throw new TamisError('DAEMON', sentence, { cause });
  }
}

function passedOn(name: string, env: NodeJS.ProcessEnv): Address {
  const count = Number(env['LISTEN_FDS'] ?? '0');
  const names = (env['LISTEN_FDNAMES'] ?? '').split(':');
  const place = names.indexOf(name);
  if (env['LISTEN_PID'] !== String(process.pid) || count === 0)
    throw usage(`systemd:${name}, but systemd has passed no socket on`);
  if (place < 0 || place >= count)
    throw usage(`systemd:${name}, but the sockets that systemd has passed on are ${names.join(', ')}`);
  return { kind: 'passed', fd: firstPassed + place };
}

async function opened(server: Server, begin: () => void): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      server.off('error', reject);
      resolve();
    });
    begin();
  });
}

async function removeLeftover(path: string): Promise<void> {
  if (statSync(path, { throwIfNoEntry: false })?.isSocket() !== true) return;
  const answered = await new Promise<boolean>((resolve) => {
    const socket = connect(path)
      .once('connect', () => {
        socket.destroy();
        resolve(true);
      })
      .once('error', () => {
        resolve(false);
      });
  });
  if (answered) throw new Error('another process listens there already.');
  rmSync(path, { force: true });
}

function usage(sentence: string): TamisError {
  return new TamisError('USAGE', `Wrong address: ${sentence}.`);
}
