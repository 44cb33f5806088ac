/** What Prometheus and load balancers read. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { advertisement, mail } from '../cli/mail.ts';
import { root } from '../cli/tamis.ts';
import { freePort } from '../e2e/dialogue.ts';
import { Daemon } from './daemon.ts';

let daemon: Daemon;
let address: string;
beforeEach(async () => {
  daemon = new Daemon();
  address = `127.0.0.1:${await freePort()}`;
});
afterEach(async () => {
  await daemon.remove();
});

async function get(path: string): Promise<{ status: number; type: string | null; text: string }> {
  const response = await fetch(`http://${address}${path}`);
  return {
    status: response.status,
    type: response.headers.get('Content-Type'),
    text: await response.text(),
  };
}

test('messages, verdicts, lessons, errors and times are counted; it is well while its workers answer', async () => {
  await daemon.start(`--metrics=${address}`);
  for (const id of ['m1', 'm2'])
    await daemon.ask('TELL', 'joe', advertisement(id), 'Message-class: spam\r\nSet: local\r\n');
  await daemon.ask('CHECK', 'joe', mail({ id: 'm3' }));
  writeFileSync(join(daemon.place.home, 'users/eve'), '');
  await daemon.ask('CHECK', 'eve', mail({ id: 'm4' }));
  const { status, type, text } = await get('/metrics');
  expect([status, type]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
  const lines = text.split('\n');
  expect(lines).toContain('tamis_messages_total{via="spamd",what="learn spam",result="learned"} 2');
  expect(lines.some((line) => /^tamis_messages_total\{via="spamd",what="judge",.*\} 1$/.test(line))).toBe(
    true,
  );
  expect(lines).toContain('tamis_errors_total{via="spamd",code="HOME"} 1');
  expect(lines).toContain('tamis_message_seconds_count{what="judge"} 2');
  expect(lines).toContain('tamis_warm_users 1');
  for (const path of ['/health', '/health?from=balancer'])
    expect(await get(path)).toEqual({ status: 200, type: 'text/plain', text: 'ok\n' });
  for (const path of ['/', '/constructor', '/health/'])
    expect(await get(path)).toMatchObject({ status: 404, text: 'There are /metrics and /health.\n' });
});

test('it is not well while its workers cannot begin', async () => {
  const dist = daemon.place.path('dist');
  cpSync(join(root, 'dist'), dist, { recursive: true });
  symlinkSync(join(root, 'node_modules'), daemon.place.path('node_modules'));
  writeFileSync(join(dist, 'worker.js'), 'throw new Error("broken");\n');
  const words = [join(dist, 'tamis.js'), 'serve', `--spamd=${daemon.spamd}`, `--metrics=${address}`];
  const child: ChildProcess = spawn(process.execPath, words, {
    env: daemon.place.env(),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  try {
    let said = '';
    child.stderr?.on('data', (piece: Buffer) => (said += piece.toString()));
    while (!said.includes('tamis: a worker failed: broken')) await once(child.stderr ?? child, 'data');
    expect(await get('/health')).toMatchObject({ status: 503 });
    expect(await get('/metrics')).toMatchObject({ status: 503 });
  } finally {
    child.kill('SIGKILL');
  }
});
