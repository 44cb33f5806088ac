/** A progress bar on stderr, if that is a terminal. */
import { Presets, SingleBar } from 'cli-progress';

/** Shows how far some work is. */
export interface Progress {
  /** One more, or several. */
  step(count?: number): void;
  stop(): void;
}

/** Starts a bar of so many messages, or whatever is counted; without a terminal it shows nothing. */
export function progressBar(total: number, what = 'messages'): Progress {
  if (!process.stderr.isTTY) return { step: nothing, stop: nothing };
  const format = ` {bar} {percentage}% | {value}/{total} ${what} | {duration_formatted}, {eta_formatted} left`;
  const bar = new SingleBar({ format, stream: process.stderr, hideCursor: true }, Presets.shades_classic);
  bar.start(total, 0);
  return {
    step: (count = 1) => {
      bar.increment(count);
    },
    stop: () => {
      bar.stop();
    },
  };
}

function nothing(): void {
  // Nobody watches.
}
