/**
 * What a message costs without a daemon: `node -e 0` and one message of 10 KB through the command, in turn, whole processes.
 *
 *     npx tsx test/bench/start.ts [ROUNDS]
 *
 * Fails if the message takes more than three times as long.
 */
import { spawnSync } from 'node:child_process';
import { advertisement, mail } from '../cli/mail.ts';
import { Place, program } from '../cli/tamis.ts';

const rounds = Number(process.argv[2] ?? 30);
const most = 3;
const paragraph =
  'Let us meet on Tuesday at ten and talk about the plan for the garden, the fence and the two trees.\n';

const place = new Place();
try {
  for (let n = 0; n < 10; n++) {
    place.run(['--user=joe', '--class=spam', '--source=corpus'], { stdin: advertisement(`spam-${n}`) });
    place.run(['--user=joe', '--class=innocent', '--source=corpus'], { stdin: mail({ id: `ham-${n}` }) });
  }
  const message = Buffer.from(mail({ id: 'ten', body: paragraph.repeat(100) }));
  const time = (args: readonly string[], input: Uint8Array): number => {
    const begun = performance.now();
    const { status } = spawnSync(program[0], args, { input, env: place.env() });
    if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status ?? 'a signal'}`);
    return performance.now() - begun;
  };
  const nothing: number[] = [];
  const filter: number[] = [];
  for (let round = 0; round < rounds; round++) {
    nothing.push(time(['-e', '0'], Buffer.alloc(0)));
    filter.push(time([...program.slice(1), '--user=joe', '--deliver=stdout'], message));
  }
  const ratio = median(filter) / median(nothing);
  console.log(`message of ${message.length} bytes, ${rounds} rounds, medians`);
  console.log(`node -e 0   ${median(nothing).toFixed(1)} ms`);
  console.log(`tamis       ${median(filter).toFixed(1)} ms`);
  console.log(`ratio       ${ratio.toFixed(2)} (at most ${most})`);
  process.exitCode = ratio <= most ? 0 : 1;
} finally {
  place.remove();
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[values.length >> 1] ?? NaN;
}
