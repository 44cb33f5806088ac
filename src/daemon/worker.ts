/**
 * A worker thread of the daemon: judges and learns for the users that are its own, and reads messages for others. An entry of its own (src/build.js).
 *
 * One thread owns a user, so that nothing is locked between threads, and answers jobs in any order.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { checkSettings, type Settings } from '../config/settings.ts';
import { describe, TamisError } from '../errors.ts';
import { markEdits } from '../filter/marks.ts';
import { Deadline } from '../judge/deadline.ts';
import type { Users } from '../judge/members.ts';
import { messageSettings, type MessageSettings } from '../judge/modes.ts';
import { judgeMessage, type Task } from '../judge/process.ts';
import { excerptOf, readingOf, readMessage } from '../judge/reading.ts';
import { forgetMessage, teachMessage } from '../judge/teaching.ts';
import { openStore } from '../store/open.ts';
import type { Answers, Job, Judged, JobOf, Request, Response, WorkerStart } from './jobs.ts';
import { KeptUsers } from './kept-users.ts';

const start = workerData as WorkerStart;
const port = parentPort;
if (port === null) throw new Error('The worker is a thread of tamis serve.');

let { config } = start;
const opened = openStore(config.settings.store, config.home).then(
  (store) => new KeptUsers(store, start.budget),
);
const users: Users = async (...work) => await (await opened).with(...work);

port.on('message', ({ id, job }: Request) => {
  answer(job).then(
    (value) => {
      port.postMessage({ id, answer: value } satisfies Response);
      if (job.kind === 'close') port.close();
    },
    (error: unknown) => {
      const code = error instanceof TamisError ? error.code : 'DAEMON';
      port.postMessage({ id, code, message: describe(error) } satisfies Response);
    },
  );
});

async function answer(job: Job): Promise<Answers[keyof Answers]> {
  switch (job.kind) {
    case 'judge':
      return await judge(job);
    case 'teach':
      return await inTime((wait) => {
        const reading = job.excerpt && readingOf(job.excerpt);
        return teachMessage(job.prefix, taskOf(job.user), job.lesson, wait, reading);
      });
    case 'read':
      return excerptOf(await inTime(() => readMessage(job.prefix)));
    case 'forget':
      return await inTime((wait) => forgetMessage(job.prefix, taskOf(job.user), wait));
    case 'configure':
      ({ config } = job);
      return undefined;
    case 'figures':
      return (await opened).figures();
    case 'close':
      await (await opened).close();
      return undefined;
  }
}

async function judge(job: JobOf<'judge'>): Promise<Judged> {
  const { user, prefix, whole, classify, factors } = job;
  const settings = {
    ...(factors ? { showFactors: true } : {}),
    ...overridden(job.settings),
  };
  const task = { ...taskOf(user, settings), classify };
  const deadline = new Deadline(deadlineMs(), { watched: false });
  const verdict = await deadline.within(judgeMessage(prefix, task, deadline));
  return { verdict, footers: await markEdits({ bytes: Buffer.from(prefix), whole }, verdict, config) };
}

/** What a command line has otherwise. @throws TamisError CONFIG for a value that a setting cannot have. */
function overridden(words: MessageSettings = {}): Partial<Settings> {
  // No others: a client says nothing of the store.
  const names = messageSettings.filter((name) => words[name] !== undefined);
  if (names.length === 0) return {};
  const checked = checkSettings(Object.fromEntries(names.map((name) => [name, words[name]])), '--set');
  return Object.fromEntries(names.map((name) => [name, checked[name]]));
}

function taskOf(user: string, settings: Partial<Settings> = {}): Task {
  const fixed = [...(config.fixed ?? []), ...Object.keys(settings)];
  return { user, config: { ...config, settings: { ...config.settings, ...settings }, fixed }, users };
}

/** A lesson whose store does not answer: the client hears of it, and may teach again, because what is learned counts once. */
async function inTime<Result>(work: (wait: number) => Promise<Result>): Promise<Result> {
  return await new Deadline(deadlineMs(), { watched: false }).within(work(deadlineMs()));
}

function deadlineMs(): number {
  return config.settings.deadline * 1000;
}
