/**
 * A message of 200 MB through the command: the most memory that it takes, and whether a byte is altered.
 *
 *     npx tsx test/bench/memory.ts [MEGABYTES]
 *
 * Fails above 200 MB of memory, or if anything but our header lines differs.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { mail, withoutOurs } from '../cli/mail.ts';
import { Place, program } from '../cli/tamis.ts';

const megabytes = Number(process.argv[2] ?? 200);
const most = 200;
const begin = mail({ id: 'large', fields: 'X-DSPAM-Result: Innocent\n' });
const chunk = Buffer.from(`${'0123456789abcdef'.repeat(64)}\r\n`.repeat(1021));
const chunks = Math.ceil((megabytes * 1_000_000) / chunk.length);

/** Has a process tell its peak of memory, in KiB, on descriptor 3 when it ends. */
const tell =
  "import { writeSync } from 'node:fs'; process.on('exit', () => writeSync(3, String(process.resourceUsage().maxRSS)))";

const place = new Place();
try {
  place.run(['--user=joe', '--class=spam', '--source=corpus'], { stdin: begin });
  for (const deliver of ['stdout', 'exec']) {
    const command = deliver === 'exec' ? ['--', '/bin/cat'] : [];
    const node = ['--import', `data:text/javascript,${encodeURIComponent(tell)}`];
    const args = [...node, ...program.slice(1), '--user=joe', `--deliver=${deliver}`, ...command];
    const child = spawn(program[0], args, { env: place.env(), stdio: ['pipe', 'pipe', 'inherit', 'pipe'] });
    const [stdin, stdout, , third] = child.stdio;
    if (stdin === null || stdout === null || !(third instanceof Readable)) throw new Error('no pipes');
    const peak = collected(third);
    const received = digest(stdout);
    const [{ hash, bytes, lines }, kibibytes, [status]] = await Promise.all([
      received,
      peak,
      once(child, 'close') as Promise<[number]>,
      send(stdin),
    ]);
    const same = hash === expected() && lines > 0 && status === 0;
    const mebibytes = Number(kibibytes) / 1024;
    console.log(
      `${deliver.padEnd(8)}${(bytes / 1e6).toFixed(0)} MB out, status ${status}, ${same ? 'nothing altered' : 'ALTERED'}, ` +
        `peak ${mebibytes.toFixed(0)} MiB (at most ${most})`,
    );
    if (!same || mebibytes > most) process.exitCode = 1;
  }
} finally {
  place.remove();
}

async function send(stdin: NodeJS.WritableStream): Promise<void> {
  stdin.write(begin);
  for (let n = 0; n < chunks; n++) if (!stdin.write(chunk)) await once(stdin, 'drain');
  stdin.end();
}

/** The hash of what must come out, our lines left aside. */
function expected(): string {
  const hash = createHash('sha256').update(withoutOurs(begin), 'latin1');
  for (let n = 0; n < chunks; n++) hash.update(chunk);
  return hash.digest('hex');
}

/** The hash of what comes out, our lines left aside, which are counted. */
async function digest(stdout: Readable): Promise<{ hash: string; bytes: number; lines: number }> {
  const hash = createHash('sha256');
  let bytes = 0;
  let lines = 0;
  let head: string | undefined = '';
  for await (const piece of stdout as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (head === undefined) {
      hash.update(piece);
      continue;
    }
    head += piece.toString('latin1');
    if (!head.includes('\n\n')) continue;
    lines = head.match(/^X-DSPAM-/gm)?.length ?? 0;
    hash.update(withoutOurs(head), 'latin1');
    head = undefined;
  }
  return { hash: hash.digest('hex'), bytes, lines };
}

async function collected(stream: Readable): Promise<string> {
  let text = '';
  for await (const piece of stream as AsyncIterable<Buffer>) text += piece.toString();
  return text;
}
