/** bogofilter in the online protocol: its own defaults, one process a step, a fresh database. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { figures, type Figures, type Judged } from '../../src/report/figures.ts';

/** A message and its class. */
export interface Labelled {
  readonly message: Buffer;
  readonly spam: boolean;
}

/** Judges each message, then tells its class. Undefined where bogofilter is not installed. */
export function bogofilterFigures(messages: Iterable<Labelled>): Figures | undefined {
  if (spawnSync('bogofilter', ['-V']).error !== undefined) return undefined;
  const database = mkdtempSync(join(tmpdir(), 'tamis-bogofilter-'));
  const run = (args: readonly string[], input: Uint8Array): { status: number; text: string } => {
    // -C: nobody's own configuration; statuses: 0 spam, 1 ham, 2 unsure, 3 an error.
    const outcome = spawnSync('bogofilter', ['-C', '-d', database, ...args], { input });
    const status = outcome.status ?? 3;
    if (status > 2) throw new Error(`bogofilter: ${outcome.stderr.toString()}`);
    return { status, text: outcome.stdout.toString() };
  };
  try {
    // An empty database, so that the first message can be judged.
    run(['-n'], Buffer.from('\n'));
    const judged: Judged[] = [];
    for (const { message, spam } of messages) {
      const { status, text } = run(['-TT'], message);
      judged.push({ spam, score: Number(text), judgedSpam: status === 0 });
      run([spam ? '-s' : '-n'], message);
    }
    return figures(judged);
  } finally {
    rmSync(database, { recursive: true, force: true });
  }
}

/** The message without the mbox line, which gives the class away in the SpamAssassin corpus. */
export function withoutMboxLine(message: Buffer): Buffer {
  return message.toString('latin1', 0, 5) === 'From ' ? message.subarray(message.indexOf(10) + 1) : message;
}
