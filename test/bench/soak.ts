/**
 * The daemon among clients that hang, cut the line, send garbage, send 100 MB, pipeline, and come by the thousand.
 *
 *     npx tsx test/bench/soak.ts [MESSAGES]          default 100,000
 *
 * Meanwhile whole messages come by spamd's protocol, by LMTP (into Maildirs) and as lessons, for users of whom every second has taught
 * the opposite of the others. Fails if a whole message is neither answered nor deferred, if one comes back altered, with the verdict
 * of another user, or lands in another's Maildir or not at all, if an answered lesson is not in the store, or if the
 * daemon has grown by more than {@link mostGrowth} since its first fifth.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { field, mail, withoutOurs } from '../cli/mail.ts';
import { all, answerOf, Daemon } from '../daemon/daemon.ts';

const count = Number(process.argv[2] ?? 100_000);
/** Whole messages on their way at a time. */
const width = 16;
/** Clients of each bad kind at a time. */
const badWidth = 2;
const userCount = 20;
/** MiB; only told apart from noise in a long run. */
const mostGrowth = 64;
const longRun = 10_000;
/** Milliseconds after which an answer is given up. */
const patience = 60_000;

const watches = 'Cheap watches and pills, order now at http://shop.example.com/buy and save 90 %!\n';
const minutes = 'Here are the minutes of the meeting on Tuesday, and the agenda of the next.\n';

/** A whole message, and what must become of it. */
interface Sent {
  readonly id: string;
  readonly user: string;
  readonly text: string;
  readonly spam: boolean;
}

/** What came of whole messages, by kind. */
const came = { answered: 0, deferred: 0, refused: 0, handed: 0, learned: 0 };
const failures: string[] = [];
const handed: Sent[] = [];
const lessons = new Map<string, number>();

const daemon = new Daemon('--set', 'trainingMode=toe');
const maildirs = daemon.place.path('maildirs');
let running = true;
try {
  for (let number = 0; number < userCount; number++)
    for (const part of ['new', 'cur', 'tmp'])
      mkdirSync(join(maildirs, nameOf(number), part), { recursive: true });
  await daemon.start('--lmtp', daemon.lmtp, '--set', `lmtpNext=maildir:${maildirs}/%u`);
  await teachAll();
  await judgeAll();
  await daemon.stop();
  checkMaildirs();
  checkLessons();
} finally {
  running = false;
  await daemon.remove();
}
for (const failure of failures.slice(0, 20)) console.log(`FAILED ${failure}`);
console.log(failures.length === 0 ? 'nothing lost, nothing mixed up' : `${failures.length} failures`);
if (failures.length > 0) process.exitCode = 1;

function nameOf(number: number): string {
  return `user${number % userCount}`;
}

function message(number: number): Sent {
  const spam = Math.floor(number / userCount) % 2 === 0;
  const user = nameOf(number);
  const odd = (number % userCount) % 2 === 1;
  const id = `m${number}`;
  // Every second user calls minutes spam.
  const body = `${spam === odd ? minutes : watches}${id}\n`;
  return { id, user, spam, text: mail({ id, subject: 'A message', body }) };
}

async function teachAll(): Promise<void> {
  for (let number = 0; number < userCount * 16; number++) {
    const { user, text, spam, id } = message(number);
    await tell({ user, text: text.replaceAll(id, `t${number}`), spam, id });
  }
}

async function judgeAll(): Promise<void> {
  const begun = performance.now();
  let next = 0;
  let bad = 0;
  const memory: number[] = [];
  const work = async (): Promise<void> => {
    while (next < count) {
      const number = next++;
      await send(number);
      if (number % Math.ceil(count / 5) === 0) memory.push(await mebibytes());
      if (number === Math.floor(count / 2)) await burst(1000);
    }
  };
  const disturb = async (kind: () => Promise<void>): Promise<void> => {
    while (running && next < count) {
      await kind();
      bad++;
      await sleep(20);
    }
  };
  const kinds = [hang, cut, garbage, pipeline];
  const disturbing = kinds.flatMap((kind) => Array.from({ length: badWidth }, () => disturb(kind)));
  const large = disturb(async () => {
    await exchange(100, 'user1', 100 * 1024 * 1024);
    await sleep(5000);
  });
  await Promise.all(Array.from({ length: width }, work));
  const seconds = (performance.now() - begun) / 1000;
  await Promise.all([...disturbing, large]);
  // What is idle is let go of.
  await sleep(1000);
  memory.push(await mebibytes());
  for (const kind of ['answered', 'handed', 'learned'] as const)
    if (came[kind] === 0) failures.push(`nothing was ${kind}`);
  const growth = (memory.at(-1) ?? 0) - (memory[1] ?? 0);
  console.log(`${count} whole messages in ${seconds.toFixed(0)} s beside ${bad} bad clients:`, came);
  console.log(`resident memory, MiB, by fifths: ${memory.map((size) => size.toFixed(0)).join(' ')}`);
  if (count >= longRun && growth > mostGrowth) failures.push(`grew by ${growth.toFixed(0)} MiB`);
}

async function mebibytes(): Promise<number> {
  return (await daemon.status()).residentBytes / 2 ** 20;
}

/** A whole message, one way or another. */
async function send(number: number): Promise<void> {
  const sent = message(number);
  if (number % 20 === 3) await tell({ ...sent, text: sent.text.replaceAll(sent.id, `l${number}`) });
  else if (number % 4 === 1) await deliver(sent);
  else await judge(sent);
}

async function judge({ id, user, text, spam }: Sent): Promise<void> {
  const bytes = await ask(
    `PROCESS SPAMC/1.5\r\nUser: ${user}\r\nContent-length: ${text.length}\r\n\r\n${text}`,
    id,
  );
  if (bytes === undefined) return;
  const { status, body } = answerOf(bytes);
  if (!status.endsWith(' 0 EX_OK')) {
    came.deferred++;
    return;
  }
  came.answered++;
  if (withoutOurs(body) !== text) failures.push(`${id}: came back altered`);
  const result = field(body, 'X-DSPAM-Result');
  if (result !== (spam ? 'Spam' : 'Innocent')) failures.push(`${id}: ${result ?? 'no verdict'} for ${user}`);
}

async function tell({ id, user, text, spam }: Sent): Promise<void> {
  const head = `TELL SPAMC/1.5\r\nUser: ${user}\r\nContent-length: ${text.length}\r\nMessage-class: ${spam ? 'spam' : 'ham'}\r\nSet: local\r\n\r\n`;
  const bytes = await ask(head + text, id);
  if (bytes === undefined) return;
  const { status, fields } = answerOf(bytes);
  if (!status.endsWith(' 0 EX_OK')) came.deferred++;
  else if (fields['DidSet'] === 'local') {
    came.learned++;
    lessons.set(user, (lessons.get(user) ?? 0) + 1);
  } else failures.push(`${id}: is not learned`);
}

/** By LMTP, all commands at once. */
async function deliver(sent: Sent): Promise<void> {
  const { id, user, text } = sent;
  const data = text.replaceAll('\n', '\r\n');
  const socket = connect(daemon.lmtp);
  const bytes = all(socket);
  socket.end(
    `LHLO soak\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<${user}>\r\nDATA\r\n${data}.\r\nQUIT\r\n`,
    'latin1',
  );
  const answer = await bytes;
  const codes = answer.split('\r\n').filter((line) => /^\d{3} /.test(line));
  // Greeting, LHLO, MAIL, RCPT, DATA, the message, QUIT.
  const final = codes[5] ?? '';
  if (final.startsWith('250')) {
    came.handed++;
    handed.push(sent);
  } else if (/^4/.test(final) || codes.some((code) => code.startsWith('4'))) came.deferred++;
  else failures.push(`${id}: LMTP said ${JSON.stringify(answer.slice(-200))}`);
}

/** An answer to a whole request; undefined where the connection was refused, which a client takes as "try again later". */
async function ask(request: string, id: string): Promise<string | undefined> {
  const socket = connect(daemon.spamd);
  const errors: unknown[] = [];
  socket.once('error', (error) => errors.push(error));
  socket.setTimeout(patience, () => socket.destroy());
  const bytes = all(socket);
  socket.end(request, 'latin1');
  const answer = await bytes;
  if (answer !== '') return answer;
  if (errors.length > 0) came.refused++;
  else failures.push(`${id}: no answer`);
  return undefined;
}

/** So many at once. */
async function burst(size: number): Promise<void> {
  await Promise.all(Array.from({ length: size }, (_, at) => judge(message(count + at))));
}

/** Begins, and says no more for a while. */
async function hang(): Promise<void> {
  const socket = begin(Math.random() < 0.5 ? daemon.spamd : daemon.lmtp);
  socket.write('PROCESS SPAMC/1.5\r\nUser: user1\r\nContent-length: 1000\r\n\r\nSubject: ');
  await Promise.race([sleep(3000), all(socket)]);
  socket.destroy();
}

/** Ends in the middle of a message: a process that was killed, or a line that was cut. */
async function cut(): Promise<void> {
  const text = message(Math.floor(Math.random() * count)).text;
  const socket = begin(daemon.spamd);
  socket.write(
    `TELL SPAMC/1.5\r\nUser: user2\r\nContent-length: ${text.length}\r\nMessage-class: spam\r\nSet: local\r\n\r\n`,
  );
  socket.write(text.slice(0, -1));
  if (Math.random() < 0.5) socket.end();
  await sleep(5);
  socket.destroy();
  const lmtp = begin(daemon.lmtp);
  lmtp.write(`LHLO cut\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<user2>\r\nDATA\r\n${text}`);
  await sleep(5);
  lmtp.destroy();
}

async function garbage(): Promise<void> {
  const bytes = randomBytes(1 + Math.floor(Math.random() * 100_000));
  for (const path of [daemon.spamd, daemon.lmtp, daemon.socket]) {
    const socket = begin(path);
    socket.end(bytes);
    await Promise.race([all(socket), sleep(1000)]);
    socket.destroy();
  }
}

/** Requests upon requests without waiting for an answer; only the first of a connection counts. */
async function pipeline(): Promise<void> {
  const socket = begin(daemon.spamd);
  for (let n = 0; n < 10; n++)
    socket.write('CHECK SPAMC/1.5\r\nUser: user3\r\nContent-length: 5\r\n\r\na: b\n');
  socket.end();
  await Promise.race([all(socket), sleep(1000)]);
  socket.destroy();
}

/** A message of so many bytes; it must be answered. */
async function exchange(chunks: number, user: string, bytes: number): Promise<void> {
  const socket = begin(daemon.spamd);
  const line = Buffer.from(`${'x'.repeat(1023)}\n`);
  const chunk = Buffer.concat(Array.from({ length: bytes / chunks / 1024 }, () => line));
  const head = Buffer.from('Subject: large\n\n'.padEnd(1024, 'y'));
  let first = '';
  socket.on('data', (piece: Buffer) => {
    if (first.length < 200) first += piece.toString('latin1');
  });
  const ended = new Promise((resolve) => socket.once('close', resolve));
  socket.write(`CHECK SPAMC/1.5\r\nUser: ${user}\r\nContent-length: ${head.length + bytes}\r\n\r\n`);
  socket.write(head);
  for (let n = 0; n < chunks && !socket.destroyed; n++)
    if (!socket.write(chunk))
      await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), ended]);
  socket.end();
  await ended;
  if (!first.includes(' 0 EX_OK')) failures.push(`100 MB: ${JSON.stringify(first.slice(0, 100))}`);
}

function begin(path: string): Socket {
  return connect(path).on('error', () => undefined);
}

/** Every message that was taken is in the Maildir of its user, once, and nothing else is. */
function checkMaildirs(): void {
  const found = new Map<string, string[]>();
  for (const user of readdirSync(maildirs)) {
    for (const folder of ['new', '.Spam/new', '.Spam/cur', 'cur']) {
      const directory = join(maildirs, user, folder);
      let names: string[] = [];
      try {
        names = readdirSync(directory);
      } catch {
        continue;
      }
      for (const name of names) {
        const text = readFileSync(join(directory, name), 'latin1');
        const key = `${user} ${/^Message-ID: <(\S+)@example.org>/m.exec(text)?.[1] ?? name}`;
        found.set(key, [...(found.get(key) ?? []), text]);
      }
    }
  }
  for (const { id, user, text, spam } of handed) {
    const [one, ...more] = found.get(`${user} ${id}`) ?? [];
    found.delete(`${user} ${id}`);
    if (one === undefined) failures.push(`${id}: is not in the Maildir of ${user}`);
    else if (more.length > 0) failures.push(`${id}: is there ${more.length + 1} times`);
    else if (withoutOurs(one).replace('Return-Path: <a@example.com>\n', '') !== text)
      failures.push(`${id}: is altered in the Maildir`);
    else if (field(one, 'X-DSPAM-Result') !== (spam ? 'Spam' : 'Innocent'))
      failures.push(`${id}: has the verdict of somebody else in the Maildir of ${user}`);
  }
  for (const key of found.keys()) failures.push(`${key}: is in a Maildir, and was not taken`);
}

function checkLessons(): void {
  for (const [user, told] of lessons) {
    const { stdout } = daemon.place.run(['stats', `--user=${user}`, '--json']);
    const { spamLearned, innocentLearned } = JSON.parse(stdout) as Record<string, number>;
    const there = (spamLearned ?? 0) + (innocentLearned ?? 0);
    if (there !== told) failures.push(`${user} has ${there} lessons, and was answered ${told}`);
  }
}
