import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import type { Status } from '../../src/daemon/status.ts';
import { advertisement, mail } from '../cli/mail.ts';
import { Daemon } from './daemon.ts';

let daemon: Daemon;
beforeAll(async () => {
  daemon = new Daemon();
  await daemon.start();
});
afterAll(async () => {
  await daemon.remove();
});

function status(): Status {
  const { stdout } = daemon.place.run(['status', `--socket=${daemon.socket}`, '--json']);
  return JSON.parse(stdout) as Status;
}

describe('tamis status', () => {
  test('tells of a daemon that has had no mail', () => {
    expect(status()).toEqual({
      version: manifest.version,
      pid: expect.any(Number) as number,
      uptime: expect.any(Number) as number,
      home: daemon.place.home,
      warmUsers: 0,
      warmBytes: 0,
      residentBytes: expect.any(Number) as number,
      messages: 0,
      verdicts: {},
      learned: 0,
      errors: 0,
    });
    expect(existsSync(`/proc/${status().pid}`)).toBe(true);
  });

  test('counts verdicts, lessons and errors', async () => {
    const spam = 'Message-class: spam\r\nSet: local\r\n';
    for (const id of ['s1', 's2', 's2']) await daemon.ask('TELL', 'joe', advertisement(id), spam);
    await daemon.ask('PROCESS', 'joe', mail({ id: 'h1' }));
    await daemon.ask('CHECK', 'ann', mail({ id: 'h2' }));
    // A user's folder that is a file.
    spawnSync('mkdir', ['-p', `${daemon.place.home}/users`]);
    writeFileSync(`${daemon.place.home}/users/eve`, '');
    await daemon.ask('CHECK', 'eve', mail({ id: 'h3' }));
    expect(status()).toMatchObject({ messages: 5, learned: 2, errors: 1 });
    const { verdicts } = status();
    expect(Object.values(verdicts).reduce((sum, count) => sum + count, 0)).toBe(2);
    expect(verdicts['Innocent']).toBeGreaterThan(0);
    const { stdout } = daemon.place.run(['status', `--socket=${daemon.socket}`]);
    expect(stdout).toContain('messages            5\n');
  });

  test('says so where no daemon is, or something else', async () => {
    const nobody = daemon.place.run(['status', `--socket=${daemon.place.path('none.sock')}`]);
    expect(nobody.status).toBe(75);
    expect(nobody.stdout).toBe('');
    expect(nobody.said).toHaveLength(1);
    expect(nobody.stderr).toContain(`none.sock cannot be asked; is tamis serve running?`);
    const path = daemon.place.path('other.sock');
    const other = createServer((socket) => socket.end('hello\nworld\n')).listen(path);
    await once(other, 'listening');
    const [ended] = [daemon.place.start(['status', `--socket=${path}`])];
    let said = '';
    ended.stderr.on('data', (piece: Buffer) => (said += piece.toString()));
    const [code] = (await once(ended, 'close')) as [number];
    other.close();
    expect(code).toBe(75);
    expect(said).toContain('ended in the middle of its answer');
  });
});
