/**
 * Import and purge of a site's table while mail is judged: `npx tsx test/bench/import.ts [TOKENS]`, after `npm run build`.
 *
 * A dump of MySQL with 1,200,000 tokens of one user (the size of a real site's table, whose conversion from one engine to another took 76 minutes with mail
 * stopped) is imported, then purged of its hapaxes. Meanwhile another process judges one message after the other for the same user by DSPAM's engine; a message that is not
 * judged, or takes longer than the deadline, counts as a failure. The last line says what was measured, and what must hold: 60 s, 30 s, no failure.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { program } from '../cli/tamis.ts';
import { advertisement } from '../cli/mail.ts';

const tokens = Number(process.argv[2] ?? 1_200_000);
const limits = { importSeconds: 60, purgeSeconds: 30 } as const;
const user = 'seed@example.org';
const folder = mkdtempSync(join(tmpdir(), 'tamis-bench-'));
const dump = join(folder, 'dump.sql');
const env = { PATH: process.env['PATH'], TAMIS_HOME: join(folder, 'home'), TZ: 'UTC' };

/** Runs tamis with what is on its stdin; resolves to what it printed. */
async function run(args: readonly string[], stdin = ''): Promise<string> {
  const [executable, ...fixed] = program;
  const child = spawn(executable, [...fixed, ...args], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(stdin);
  let printed = '';
  child.stdout.setEncoding('latin1').on('data', (text: string) => (printed += text));
  const status = await new Promise((resolve) => child.once('close', resolve));
  if (status !== 0) throw new Error(`tamis ${args.join(' ')} ended with ${String(status)}`);
  return printed;
}

/** A table as mysqldump writes it: most tokens were seen once, long ago, as in the tables of real sites. */
async function writeDump(): Promise<void> {
  const out = createWriteStream(dump);
  out.write('-- MySQL dump 10.19\n');
  const today = Date.now() / 86_400_000;
  for (let at = 0; at < tokens;) {
    const rows: string[] = [];
    for (; rows.length < 20_000 && at < tokens; at++) {
      const token = BigInt.asUintN(64, BigInt(at + 1) * 0x9e37_79b9_7f4a_7c15n);
      const old = at % 10 < 7;
      const date = new Date((today - (old ? 100 : 1)) * 86_400_000).toISOString().slice(0, 10);
      rows.push(`(1,${token},${old ? 1 : 1 + (at % 90)},${old ? 0 : at % 50},'${date}')`);
    }
    if (!out.write(`INSERT INTO \`dspam_token_data\` VALUES ${rows.join(',')};\n`)) {
      await once(out, 'drain');
    }
  }
  out.write('INSERT INTO `dspam_stats` VALUES (1,9000,8000,90,80,0,0,0,0);\n');
  out.write(`INSERT INTO \`dspam_virtual_uids\` VALUES (1,'${user}');\n-- Dump completed\n`);
  out.end();
  await finished(out);
}

/** What judging one message after the other came to. */
interface Judging {
  readonly judged: number;
  readonly failed: number;
  /** The longest, in milliseconds. */
  readonly longest: number;
}

/** Judges until told to stop. */
function judge(): { stop: () => Promise<Judging> } {
  const state = { going: true };
  const done = (async (): Promise<Judging> => {
    let [judged, failed, longest] = [0, 0, 0];
    while (state.going) {
      const started = performance.now();
      const out = await run(
        ['--set=engine=dspam', `--user=${user}`, '--deliver=stdout'],
        advertisement(`bench-${judged + failed}`),
      );
      longest = Math.max(longest, performance.now() - started);
      if (/^X-DSPAM-Result: /m.test(out)) judged++;
      else failed++;
    }
    return { judged, failed, longest: Math.round(longest) };
  })();
  return {
    stop: () => {
      state.going = false;
      return done;
    },
  };
}

/** Does work while mail is judged. */
async function measure(work: () => Promise<string>): Promise<Judging & { seconds: number; said: string }> {
  const judging = judge();
  const started = performance.now();
  const said = await work();
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  return { ...(await judging.stop()), seconds, said: said.trim() };
}

try {
  await writeDump();
  await run(['users', 'add', user]);
  const imported = await measure(() => run(['import', 'dspam', '--from', dump]));
  console.log('import', imported);
  const purged = await measure(() => run(['purge', `--user=${user}`]));
  console.log('purge', purged);
  const holds =
    imported.seconds <= limits.importSeconds &&
    purged.seconds <= limits.purgeSeconds &&
    imported.failed + purged.failed === 0;
  console.log(
    `${tokens} tokens imported in ${imported.seconds} s (at most ${limits.importSeconds}), purged in ${purged.seconds} s (at most ${limits.purgeSeconds}), ` +
      `${imported.judged + purged.judged} messages judged, ${imported.failed + purged.failed} failed: ${holds ? 'holds' : 'DOES NOT HOLD'}`,
  );
  process.exitCode = holds ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
