/**
 * The daemon, and the filter's own processes, killed with -9 at random while they learn.
 *
 *     npx tsx test/bench/kills.ts [KILLS] [SEED]          default 200
 *
 * Fails if a daemon does not start again by itself, if a lesson that was answered is not known at the end (teaching it again must be
 * a duplicate), if more is known than was sent, or if `tamis doctor` finds anything.
 *
 * Limit: a killed process loses nothing that it has given to the system, so this says nothing about a power cut.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../../src/report/random.ts';
import { mail } from '../cli/mail.ts';
import { program } from '../cli/tamis.ts';
import { Daemon, type SpamdAnswer } from '../daemon/daemon.ts';

const kills = Number(process.argv[2] ?? 200);
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000);
const random = new Random(seed);
const users = ['joe', 'ann', 'bob', 'eve'];
/** Lessons on their way to the daemon at a time. */
const width = 8;
/** A daemon is killed within so many answers, or milliseconds if they do not come. */
const mostAnswers = 60;
const longest = 5000;
/** Milliseconds that a process of the filter lives, at most: about its whole life and half of it again. */
const processLife = 300;

interface Lesson {
  readonly user: string;
  readonly spam: boolean;
  readonly text: string;
}

const daemon = new Daemon();
const answered: Lesson[] = [];
const failures: string[] = [];
let sent = 0;
let killed = 0;
try {
  const slowest = { start: 0 };
  for (let round = 0; round < kills; round++) {
    const begun = performance.now();
    await daemon.start();
    slowest.start = Math.max(slowest.start, performance.now() - begun);
    const ended = { now: false };
    const lessons = Array.from({ length: width }, async () => {
      while (!ended.now) await byDaemon();
    });
    const processes = Array.from({ length: 2 }, () => byProcess());
    const enough = answered.length + Math.floor(random.fraction() * mostAnswers);
    const end = performance.now() + longest;
    while (answered.length < enough && performance.now() < end) await sleep(random.fraction() * 10);
    await daemon.stop('SIGKILL');
    killed++;
    ended.now = true;
    await Promise.all([...lessons, ...processes]);
  }
  await daemon.start();
  await check();
  console.log(
    `seed ${seed}: ${killed} kills, ${sent} lessons sent, ${answered.length} answered; slowest start ${slowest.start.toFixed(0)} ms`,
  );
} finally {
  await daemon.remove();
}
for (const failure of failures.slice(0, 20)) console.log(`FAILED ${failure}`);
console.log(failures.length === 0 ? 'nothing lost, nothing damaged' : `${failures.length} failures`);
if (failures.length > 0 || answered.length === 0) process.exitCode = 1;

function lesson(): Lesson {
  const number = sent++;
  const user = users[number % users.length] ?? '';
  const spam = random.fraction() < 0.5;
  const words = Array.from({ length: 40 }, () => `word${Math.floor(random.fraction() * 5000)}`).join(' ');
  return { user, spam, text: mail({ id: `k${number}`, subject: `Lesson ${number}`, body: `${words}\n` }) };
}

async function tell({ user, spam, text }: Lesson): Promise<SpamdAnswer> {
  const head = `Message-class: ${spam ? 'spam' : 'ham'}\r\nSet: local\r\n`;
  return await daemon.ask('TELL', user, text, head);
}

async function byDaemon(): Promise<void> {
  const one = lesson();
  const { fields } = await tell(one);
  if (fields['DidSet'] === 'local') answered.push(one);
}

/** A process of its own, on the same store, killed at random, too. */
async function byProcess(): Promise<void> {
  const one = lesson();
  const [executable, ...fixed] = program;
  const args = [
    ...fixed,
    `--user=${one.user}`,
    `--class=${one.spam ? 'spam' : 'innocent'}`,
    '--source=corpus',
  ];
  const child = spawn(executable, args, { env: daemon.place.env(), stdio: ['pipe', 'ignore', 'ignore'] });
  child.stdin.on('error', () => undefined).end(one.text);
  const timer = setTimeout(() => child.kill('SIGKILL'), random.fraction() * processLife);
  const [status, signal] = (await once(child, 'exit')) as [number | null, string | null];
  clearTimeout(timer);
  if (status === 0) answered.push(one);
  else if (signal !== null) killed++;
}

async function check(): Promise<void> {
  for (const one of answered) {
    const { status, fields } = await tell(one);
    if (!status.endsWith(' 0 EX_OK')) failures.push(`cannot be taught: ${status}`);
    else if (fields['DidSet'] !== undefined)
      failures.push(`lost: ${one.text.split('\n')[3] ?? ''} of ${one.user}`);
  }
  const { stdout, stderr } = daemon.place.run([
    'doctor',
    '--json',
    '--spamd',
    daemon.spamd,
    '--socket',
    daemon.socket,
  ]);
  if (stdout !== '[]\n') failures.push(`the doctor says: ${stdout}${stderr}`);
  await daemon.stop();
  let known = 0;
  for (const user of users) {
    const totals = daemon.place.run(['stats', `--user=${user}`, '--json']).stdout;
    const { spamLearned, innocentLearned } = JSON.parse(totals) as Record<string, number>;
    known += (spamLearned ?? 0) + (innocentLearned ?? 0);
  }
  if (known < answered.length || known > sent) failures.push(`${known} lessons are known`);
}
