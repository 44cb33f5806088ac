/** A progress bar on stderr, if that is a terminal. */
import { Presets, SingleBar } from 'cli-progress';

/** Shows how far some work is. */
export interface Progress {
  step(): void;
  stop(): void;
}

/** Starts a bar of `total` messages; without a terminal it shows nothing. */
export function progressBar(total: number): Progress {
  if (!process.stderr.isTTY) return { step: nothing, stop: nothing };
  const format =
    ' {bar} {percentage}% | {value}/{total} messages | {duration_formatted}, {eta_formatted} left';
  const bar = new SingleBar({ format, stream: process.stderr, hideCursor: true }, Presets.shades_classic);
  bar.start(total, 0);
  return {
    step: () => {
      bar.increment();
    },
    stop: () => {
      bar.stop();
    },
  };
}

function nothing(): void {
  // Nobody watches.
}
