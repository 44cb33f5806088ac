/** What the daemon counts, for Prometheus (text format 0.0.4). */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Answers } from './jobs.ts';
import type { Outcome } from './journal.ts';

type Figures = Answers['figures'];

/** Seconds of a message that tell apart what matters: from a warm user to the deadline. */
const buckets = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5];

/** The counters of one daemon. */
export class Metrics {
  private readonly registry = new Registry();
  private readonly messages: Counter;
  private readonly errors: Counter;
  private readonly seconds: Histogram;

  /** @param figures Asked whenever somebody looks. */
  constructor(figures: () => Promise<Figures>) {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
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

  /** The page that Prometheus reads. */
  async page(): Promise<{ readonly type: string; readonly text: string }> {
    return { type: this.registry.contentType, text: await this.registry.metrics() };
  }
}
