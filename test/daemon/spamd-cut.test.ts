/** A message that cannot be read to its end while it is being sent: the client must not take what it got for all of it. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type { Service } from '../../src/daemon/service.ts';
import { serveSpamd } from '../../src/daemon/spamd.ts';
import { Wire } from '../../src/daemon/wire.ts';
import { all, answerOf } from './daemon.ts';

/** How many times it has been read. */
let readings = 0;
const size = 300_000;

vi.mock('../../src/daemon/outgoing.ts', () => ({
  outgoing: async function* (): AsyncGenerator<Buffer> {
    yield await Promise.resolve(Buffer.alloc(size - 50, 'x'));
    if (++readings > 1) throw new Error('EIO');
    yield Buffer.alloc(50, 'y');
  },
}));

test('the connection is cut', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tamis-cut-'));
  const verdict = { user: 'joe', result: 'Innocent', probability: 0, confidence: 1, at: new Date() };
  const service = {
    judge: () => Promise.resolve({ verdict, footers: [] }),
    prefixBytes: 1024,
    messageBytes: size,
  } as unknown as Service;
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    void serveSpamd(new Wire(socket, 10_000), service).finally(() => socket.end());
  });
  server.listen(join(folder, 's'));
  await once(server, 'listening');
  const socket = connect(join(folder, 's'));
  const message = Buffer.alloc(size - 10, 'm').toString();
  socket.end(`PROCESS SPAMC/1.5\r\nUser: joe\r\nContent-length: ${message.length}\r\n\r\n${message}`);
  const { status, fields, body } = answerOf(await all(socket));
  expect(status).toBe('SPAMD/1.1 0 EX_OK');
  expect(body.length).toBeLessThan(Number(fields['Content-length']));
  expect(body).not.toContain('EX_TEMPFAIL');
  server.close();
  rmSync(folder, { recursive: true });
});
