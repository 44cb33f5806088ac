import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import type { Address } from '../../src/daemon/address.ts';
import { Listener } from '../../src/daemon/listener.ts';
import { trusted } from '../../src/daemon/entrance.ts';

/** A TCP address that is free. */
async function free(): Promise<Extract<Address, { kind: 'tcp' }>> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return { kind: 'tcp', host: '127.0.0.1', port };
}

/** Whether connections to an address are let in without a secret, when their clients have gone already. */
async function admitted(address: Address, client: () => Socket): Promise<readonly boolean[]> {
  const answers: boolean[] = [];
  let told = (): void => undefined;
  const config = loadConfig({}, {}, '/nonexistent');
  const listener = new Listener(
    address,
    (socket, isUnix) => {
      // As by a reset: it has gone, and its address with it.
      socket.destroy();
      expect(socket.remoteAddress).toBe(undefined);
      answers.push(trusted.admit('', isUnix, config) !== undefined);
      told();
      return Promise.resolve();
    },
    { most: 8, waiting: 8 },
  );
  await listener.open({ mode: 0o600 });
  const one = new Promise<void>((resolve) => (told = resolve));
  const socket = client().on('error', () => undefined);
  await once(socket, 'connect');
  await one;
  socket.destroy();
  await listener.close(1000);
  return answers;
}

test('over TCP nobody is let in without a secret, not even who has gone', async () => {
  const address = await free();
  expect(await admitted(address, () => connect(address))).toEqual([false]);
});

test('on a Unix socket its permissions say who may', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tamis-listener-'));
  const path = join(folder, 's');
  expect(await admitted({ kind: 'unix', path }, () => connect(path))).toEqual([true]);
  rmSync(folder, { recursive: true });
});
