/**
 * What a message costs: `node -e 0`, and one message of 10 KB through `tamis` by itself and through `tamisc` to a daemon, in turn, whole
 * processes.
 *
 *     npx tsx test/bench/start.ts [ROUNDS]
 *
 * Fails if a message takes longer than {@link most} allows.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { advertisement, mail } from '../cli/mail.ts';
import { program, root } from '../cli/tamis.ts';
import { Daemon } from '../daemon/daemon.ts';

const rounds = Number(process.argv[2] ?? 30);
/** Times of `node -e 0`. */
const most = { tamis: 3, tamisc: 1.25 } as const;
/** One for each, so that they do not wait for each other. */
const users = ['ann', 'joe'] as const;
const [alone, served] = users;
const paragraph =
  'Let us meet on Tuesday at ten and talk about the plan for the garden, the fence and the two trees.\n';

const daemon = new Daemon();
try {
  const { place } = daemon;
  for (const user of users) {
    for (let n = 0; n < 10; n++) {
      const lesson = [`--user=${user}`, '--source=corpus'];
      place.run([...lesson, '--class=spam'], { stdin: advertisement(`spam-${n}`) });
      place.run([...lesson, '--class=innocent'], { stdin: mail({ id: `ham-${n}` }) });
    }
  }
  await daemon.start();
  const message = Buffer.from(mail({ id: 'ten', body: paragraph.repeat(100) }));
  // A daemon that has been at work for a while.
  for (let n = 0; n < 500; n++) await daemon.ask('PROCESS', served, message.toString('latin1'));
  const commands = {
    'node -e 0': ['-e', '0'],
    tamis: [...program.slice(1), `--user=${alone}`, '--deliver=stdout'],
    tamisc: [join(root, 'dist/tamisc.js'), `--user=${served}`, '--deliver=stdout'],
  } as const;
  const env = { ...place.env(), TAMIS_SOCKET: daemon.socket };
  const times = { 'node -e 0': [] as number[], tamis: [] as number[], tamisc: [] as number[] };
  const names = Object.keys(commands) as (keyof typeof commands)[];
  for (let round = 0; round < rounds; round++) {
    for (const name of names) {
      const begun = performance.now();
      const { status } = spawnSync(program[0], commands[name], { input: message, env });
      if (status !== 0) throw new Error(`${name} ended with ${status ?? 'a signal'}`);
      times[name].push(performance.now() - begun);
    }
  }
  const nothing = median(times['node -e 0']);
  console.log(`message of ${message.length} bytes, ${rounds} rounds, medians`);
  console.log(`node -e 0   ${nothing.toFixed(1)} ms`);
  for (const [name, limit] of Object.entries(most) as [keyof typeof most, number][]) {
    const time = median(times[name]);
    const ratio = time / nothing;
    console.log(
      `${name.padEnd(12)}${time.toFixed(1)} ms, ${ratio.toFixed(2)} times as long (at most ${limit})`,
    );
    if (!(ratio <= limit)) process.exitCode = 1;
  }
} finally {
  await daemon.remove();
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[values.length >> 1] ?? NaN;
}
