/** The built client of the daemon, as a process. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../cli/tamis.ts';

/** What it came to; bytes as latin1. */
interface Result {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Who runs tamisc, and what they have. */
export interface Person {
  readonly socket: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly uid?: number;
}

/** Runs it on a message. */
export function tamisc(args: readonly string[], input: string, { socket, env, uid }: Person): Result {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'dist/tamisc.js'), ...args], {
    input: Buffer.from(input, 'latin1'),
    env: { PATH: process.env['PATH'], TAMIS_SOCKET: socket, ...env },
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  return { status, stdout: stdout.toString('latin1'), stderr: stderr.toString() };
}
