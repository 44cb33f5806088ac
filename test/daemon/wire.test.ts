/** What is put down goes out together, and before anything is waited for. */
import { createServer, connect, type Server, type Socket } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Wire } from '../../src/daemon/wire.ts';

let folder: string;
let server: Server;
let other: Socket;
let wire: Wire;
let written: string[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tamis-wire-'));
  const path = join(folder, 'socket');
  const accepted = new Promise<Socket>((resolve) => {
    server = createServer(resolve);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const socket = connect(path);
  other = await accepted;
  wire = new Wire(socket, 10_000);
  written = [];
  const write = socket.write.bind(socket);
  vi.spyOn(socket, 'write').mockImplementation(((bytes: Uint8Array) => {
    written.push(Buffer.from(bytes).toString());
    return write(bytes);
  }) as typeof socket.write);
});
afterEach(() => {
  wire.socket.destroy();
  other.destroy();
  server.close();
  rmSync(folder, { recursive: true });
});

test('by the next wait for a line, in one piece', async () => {
  other.write('one\r\ntwo\r\n');
  expect(await wire.line()).toBe('one');
  await wire.put('a');
  await wire.put(Buffer.from('b'));
  // This line is here already.
  expect(await wire.line()).toBe('two');
  expect(written).toEqual([]);
  const line = wire.line();
  expect(written).toEqual(['ab']);
  other.write('three\r\n');
  expect(await line).toBe('three');
});

test('by what is sent at once, by flush, before work that the other end waits for, and when much lies there', async () => {
  await wire.put('a');
  await wire.send('b');
  await wire.put('c');
  await wire.flush();
  await wire.flush();
  await wire.put('d');
  await wire.whileItWaits(async () => {
    await Promise.resolve();
    expect(written).toEqual(['ab', 'c', 'd']);
  });
  const large = 'x'.repeat(64 * 1024);
  await wire.put(large);
  expect(written).toEqual(['ab', 'c', 'd', large]);
});
