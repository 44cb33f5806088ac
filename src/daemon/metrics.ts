/** What the daemon counts, for Prometheus (text format 0.0.4). */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Answers } from './jobs.ts';
import type { Outcome } from './journal.ts';
import type { Counts } from './status.ts';

type Figures = Answers['figures'];

/** Seconds of a message that tell apart what matters: from a warm user to the deadline. */
const buckets = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5];

/** Milliseconds between two looks at how late timers are: at prom-client's own 10 an idle daemon wakes a hundred times a second. */
const lagEvery = 100;

/** What is asked of a message that gets a verdict. */
const verdictOf: readonly string[] = ['judge', 'classify'];

/** The counters of one daemon. */
export class Metrics {
  private readonly registry = new Registry();
  private readonly messages: Counter;
  private readonly errors: Counter;
  private readonly seconds: Histogram;

  /** @param figures Asked whenever somebody looks. */
  constructor(figures: () => Promise<Figures>) {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry, eventLoopMonitoringPrecision: lagEvery });
    this.messages = new Counter({
      name: 'tamis_messages_total',
      help: 'Messages answered, by protocol, what was asked, and what came of it.',
      labelNames: ['via', 'what', 'result'],
      registers,
    });
    this.errors = new Counter({
      name: 'tamis_errors_total',
      help: 'Messages that could not be judged or learned, by error code.',
      labelNames: ['via', 'code'],
      registers,
    });
    this.seconds = new Histogram({
      name: 'tamis_message_seconds',
      help: 'Time from a whole message to its answer.',
      labelNames: ['what'],
      buckets,
      registers,
    });
    const gauge = (name: string, help: string, read: (now: Figures) => number): void => {
      const one = new Gauge({
        name,
        help,
        registers: [],
        async collect() {
          this.set(read(await figures()));
        },
      });
      this.registry.registerMetric(one);
    };
    gauge('tamis_warm_users', 'Users held in memory.', ({ warm }) => warm);
    gauge('tamis_warm_bytes', 'Memory that they take.', ({ bytes }) => bytes);
  }

  /** Counts a message. */
  count({ via, what, result, learning, error, ms }: Outcome): void {
    this.seconds.observe({ what }, ms / 1000);
    if (error === undefined) this.messages.inc({ via, what, result: result ?? learning ?? '' });
    else this.errors.inc({ via, code: error });
  }

  /** What `tamis status` tells of it. */
  async counts(): Promise<Counts> {
    const { values } = await this.messages.get();
    const sum = (of: (what: string, result: string) => boolean): number =>
      values.reduce(
        (all, { labels, value }) => all + (of(String(labels['what']), String(labels['result'])) ? value : 0),
        0,
      );
    const results = new Set(
      values
        .filter(({ labels }) => verdictOf.includes(String(labels['what'])))
        .map(({ labels }) => String(labels['result'])),
    );
    return {
      messages: sum(() => true),
      verdicts: Object.fromEntries(
        [...results].map((one) => [one, sum((what, result) => verdictOf.includes(what) && result === one)]),
      ),
      learned: sum((what, result) => what.startsWith('learn ') && result !== 'duplicate'),
      errors: (await this.errors.get()).values.reduce((all, { value }) => all + value, 0),
    };
  }

  /** The page that Prometheus reads. */
  async page(): Promise<{ readonly type: string; readonly text: string }> {
    return { type: this.registry.contentType, text: await this.registry.metrics() };
  }
}
