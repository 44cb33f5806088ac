/**
 * Two daemons that serve the same users from one Redis Cluster, while a master is killed and comes back and a slot moves: what was taught
 * and answered must be there, once, and no message may be lost.
 *
 * A lesson that is refused is told again, to the other daemon, until it is answered, as a person would; the first may still be
 * on its way then.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { openStore } from '../../src/store/open.ts';
import { mail } from '../cli/mail.ts';
import { Daemon } from '../daemon/daemon.ts';
import { redisSays, startRedisCluster, type Cluster } from './servers.ts';

/** What is done. */
export interface ClusterPlan {
  readonly users: number;
  /** Options of the setting `store`. */
  readonly options: string;
  /** Milliseconds of each of the parts: before the kill, until the master comes back, until the slot moves, until the end. */
  readonly part: number;
}

/** What came of it. Times in milliseconds. */
export interface ClusterReport {
  readonly lessons: number;
  /** Answers to lessons that were refusals. */
  readonly refusals: number;
  readonly messages: number;
  readonly unjudged: number;
  /** From the kill to the last refusal and to the last message that passed unjudged. */
  readonly lessonPause: number;
  readonly mailPause: number;
  readonly slotMove: number;
  /** The longest that a lesson took from its first try to its answer: around the kill, and while the slot moved. */
  readonly longestAroundKill: number;
  readonly longestAroundMove: number;
  /** What must not be. */
  readonly failures: readonly string[];
}

/** Lessons and messages on their way at a time. */
const teachers = 6;
const senders = 2;

interface Lesson {
  readonly user: string;
  readonly text: string;
  readonly spam: boolean;
}

/** Does it. */
export async function runOnCluster({ users, options, part }: ClusterPlan): Promise<ClusterReport> {
  const cluster = await startRedisCluster();
  const daemons = [0, 1].map(
    () => new Daemon(`--set=store=${cluster.location}${options}`, '--set=trainingMode=toe'),
  );
  try {
    const names = Array.from({ length: users }, (_, at) => `user${at}@example.org`);
    const store = await openStore(cluster.location, '/nowhere');
    for (const name of names) await (await store.open(name, { create: true }))?.close();
    await Promise.all(daemons.map((daemon) => daemon.start()));
    const site = new Site(daemons, names);
    const working = site.begin();
    await sleep(part);

    const killed = performance.now();
    const [victim] = cluster.nodes;
    await victim?.kill();
    await sleep(part);
    const back = performance.now();
    await victim?.start();
    await sleep(part);

    const moving = performance.now();
    const slotMove = moveSlot(cluster, names[0] ?? '');
    await sleep(part);
    const { lessons, failures } = await site.end(working);

    for (const name of names) {
      const user = await store.open(name, { create: false });
      const totals = await user?.totals();
      const counted = (totals?.spamLearned ?? 0) + (totals?.innocentLearned ?? 0);
      const told = lessons.filter(({ user }) => user === name).length;
      if (counted !== told) failures.push(`${name} was told ${told} lessons, and ${counted} are counted`);
    }
    await store.close();
    const { refusals, messages, unjudged, took } = site;
    const longest = (from: number, to: number): number =>
      Math.max(0, ...took.filter(({ begun }) => begun >= from - 1000 && begun < to).map(({ time }) => time));
    return {
      lessons: lessons.length,
      refusals: refusals.length,
      messages,
      unjudged: unjudged.length,
      lessonPause: Math.max(0, ...refusals.map((at) => at - killed)),
      mailPause: Math.max(0, ...unjudged.map((at) => at - killed)),
      slotMove,
      longestAroundKill: longest(killed, back),
      longestAroundMove: longest(moving, Infinity),
      failures,
    };
  } finally {
    for (const daemon of daemons) await daemon.remove();
    await cluster.stop();
  }
}

/** The people and the mail of a site. */
class Site {
  readonly refusals: number[] = [];
  readonly unjudged: number[] = [];
  readonly took: { readonly begun: number; readonly time: number }[] = [];
  messages = 0;
  readonly #daemons: readonly Daemon[];
  readonly #users: readonly string[];
  readonly #lessons: Lesson[] = [];
  readonly #failures: string[] = [];
  #sent = 0;
  #over = false;

  constructor(daemons: readonly Daemon[], users: readonly string[]) {
    this.#daemons = daemons;
    this.#users = users;
  }

  begin(): Promise<unknown> {
    const teaching = Array.from({ length: teachers }, (_, at) => this.#loop(() => this.#teach(at)));
    const sending = Array.from({ length: senders }, (_, at) => this.#loop(() => this.#send(at)));
    return Promise.all([...teaching, ...sending]);
  }

  /** Ends the work; then every lesson is told once more, and must be known. */
  async end(working: Promise<unknown>): Promise<{ lessons: readonly Lesson[]; failures: string[] }> {
    this.#over = true;
    await working;
    const rest = [...this.#lessons];
    const again = async (at: number): Promise<void> => {
      for (let lesson = rest.pop(); lesson !== undefined; lesson = rest.pop()) {
        const { status, fields } = await this.#tell(lesson, at);
        if (!status.endsWith(' 0 EX_OK')) this.#failures.push(`${lesson.user} cannot be taught: ${status}`);
        else if (fields['DidSet'] !== undefined) this.#failures.push(`a lesson of ${lesson.user} was lost`);
      }
    };
    await Promise.all(Array.from({ length: teachers }, (_, at) => again(at)));
    return { lessons: this.#lessons, failures: this.#failures };
  }

  async #loop(work: () => Promise<void>): Promise<void> {
    while (!this.#over) await work();
  }

  async #teach(teacher: number): Promise<void> {
    const lesson = this.#lesson();
    const begun = performance.now();
    for (let attempt = 0; ; attempt++) {
      const { status } = await this.#tell(lesson, teacher + attempt);
      if (status.endsWith(' 0 EX_OK')) break;
      this.refusals.push(performance.now());
      await sleep(50);
    }
    this.took.push({ begun, time: performance.now() - begun });
    this.#lessons.push(lesson);
  }

  async #send(sender: number): Promise<void> {
    const { user, text } = this.#lesson();
    const { status, body } = await this.#daemon(sender).ask('PROCESS', user, text);
    this.messages++;
    const end = text.slice(text.indexOf('\n\n'));
    if (/^SPAMD\/\S+ [1-9]/.test(status)) this.unjudged.push(performance.now());
    else if (!status.endsWith(' 0 EX_OK') || !body.endsWith(end))
      this.#failures.push(`a message of ${user} was lost: ${status}`);
  }

  #lesson(): Lesson {
    const number = this.#sent++;
    const spam = number % 3 === 0;
    const words = Array.from(
      { length: 30 },
      (_, at) => `${spam ? 'buy' : 'note'}${(number * 7 + at * 13) % 400}`,
    );
    const text = mail({ id: `c${number}`, subject: `Lesson ${number}`, body: `${words.join(' ')}\n` });
    return { user: this.#users[number % this.#users.length] ?? '', text, spam };
  }

  async #tell({ user, text, spam }: Lesson, at: number): ReturnType<Daemon['ask']> {
    return await this.#daemon(at).ask(
      'TELL',
      user,
      text,
      `Message-class: ${spam ? 'spam' : 'ham'}\r\nSet: local\r\n`,
    );
  }

  #daemon(at: number): Daemon {
    const daemon = this.#daemons[at % this.#daemons.length];
    if (daemon === undefined) throw new Error('There is no daemon.');
    return daemon;
  }
}

/** Moves the slot of a user to another master, key by key, as redis-cli does; milliseconds that it took. */
function moveSlot({ ports }: Cluster, user: string): number {
  const start = performance.now();
  const alive = ports.at(-1) ?? 0;
  const slot = redisSays(alive, 'cluster', 'keyslot', `{${user}}`);
  const masters = redisSays(alive, 'cluster', 'nodes')
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, , flags]) => flags?.includes('master') === true && !flags.includes('fail'))
    .map(([id = '', address = '', , , , , , , ...ranges]) => ({
      id,
      port: Number(address.split('@')[0]?.split(':').at(-1)),
      has: ranges.some((range) => {
        const [first = NaN, last = first] = range.split('-').map(Number);
        return Number(slot) >= first && Number(slot) <= last;
      }),
    }));
  const from = masters.find(({ has }) => has);
  const to = masters.find(({ has }) => !has);
  if (from === undefined || to === undefined) throw new Error(`The slot ${slot} cannot move.`);
  const say = (port: number, ...words: string[]): string => {
    const answer = redisSays(port, ...words);
    if (/^(?:ERR|IOERR|CLUSTERDOWN)/.test(answer)) throw new Error(`${words.join(' ')}: ${answer}`);
    return answer;
  };
  say(to.port, 'cluster', 'setslot', slot, 'importing', from.id);
  say(from.port, 'cluster', 'setslot', slot, 'migrating', to.id);
  for (;;) {
    const keys = say(from.port, 'cluster', 'getkeysinslot', slot, '1');
    if (keys === '') break;
    say(from.port, 'migrate', '127.0.0.1', String(to.port), keys, '0', '5000');
  }
  for (const { port } of [to, from]) say(port, 'cluster', 'setslot', slot, 'node', to.id);
  return performance.now() - start;
}
