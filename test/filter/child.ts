/**
 * The filter as a process, with a judge that does what a test says. Run as
 * `node --import tsx child.ts '{"deliver":{"kind":"stdout"},"judge":"spam"}'`; it prints its peak memory on stderr.
 */
import { Socket } from 'node:net';
import { filterMessage, lastResort, passUnjudged, type FilterOptions } from '../../src/filter/filter.ts';
import type { Deliver } from '../../src/filter/deliver.ts';
import { Input } from '../../src/filter/input.ts';
import { Passage } from '../../src/filter/passage.ts';

/** What a test says. */
export interface Orders {
  readonly deliver: Deliver;
  readonly onError?: 'pass' | 'defer';
  readonly judge?: 'spam' | 'fail' | 'hang' | 'spin' | 'stray' | 'spoil' | 'late';
  /** A command line or configuration that is wrong. */
  readonly broken?: boolean;
  readonly footer?: 'throws';
  readonly prefixBytes?: number;
  /** Makes stdin and stdout non-blocking, as another process that shares them may have done. */
  readonly nonBlocking?: boolean;
  /** Gives up being root for this user. */
  readonly uid?: number;
}

const spam = {
  user: 'u',
  result: 'Spam',
  probability: 0.9998,
  confidence: 0.98,
  at: new Date(2026, 10, 22, 21, 33, 50),
} as const;

const judges: Record<NonNullable<Orders['judge']>, FilterOptions['judge']> = {
  spam: () => Promise.resolve(spam),
  fail: () => Promise.reject(new Error('no store')),
  hang: () => new Promise<never>(() => setInterval(() => undefined, 1000)),
  spin: (_, deadline) => {
    const spin = (): never => {
      for (;;);
    };
    return Promise.resolve(deadline.run(spin));
  },
  stray: () =>
    new Promise<never>(() => {
      setTimeout(() => {
        throw new Error('stray');
      }, 10);
    }),
  spoil: (prefix) => {
    prefix.fill(0);
    return Promise.resolve(spam);
  },
  late: () => {
    setTimeout(() => {
      throw new Error('too late');
    }, 10);
    return Promise.resolve(spam);
  },
};

const orders = JSON.parse(process.argv[2] ?? '') as Orders;
if (orders.nonBlocking === true) {
  for (const fd of [0, 1])
    new Socket({ fd, readable: fd === 0, writable: fd === 1, pauseOnCreate: true } as object);
}
if (orders.uid !== undefined && process.getuid?.() === 0) {
  process.setgroups?.([]);
  process.setuid?.(orders.uid);
}
const passage = new Passage({
  input: new Input(),
  deliver: orders.deliver,
  onError: orders.onError ?? 'pass',
});
lastResort(passage);
const status =
  orders.broken === true
    ? passUnjudged(passage, new Error('wrong'))
    : await filterMessage(passage, {
        judge: judges[orders.judge ?? 'spam'],
        deadlineMs: 300,
        prefixBytes: orders.prefixBytes ?? 256 * 1024,
        footer:
          orders.footer === undefined
            ? undefined
            : () => {
                throw new Error('no footer');
              },
      });
console.error(`peak ${process.resourceUsage().maxRSS} KiB`);
if (orders.judge !== 'late') process.exit(status);
