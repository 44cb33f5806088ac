/**
 * System calls that are asked again. A stdin or stdout that some other process made non-blocking answers
 * EAGAIN to a synchronous call that would have to wait; a signal answers EINTR. Neither is an error.
 */
import { systemCode } from '../errors.ts';

/** Milliseconds of the longest pause between two tries. */
const longestPause = 20;
const cell = new Int32Array(new SharedArrayBuffer(4));

/** Makes a system call until it answers otherwise than with EAGAIN or EINTR. */
export function retrying<Answer>(call: () => Answer): Answer {
  for (let pause = 1; ; pause = Math.min(2 * pause, longestPause)) {
    try {
      return call();
    } catch (error) {
      const code = systemCode(error);
      if (code !== 'EAGAIN' && code !== 'EINTR') throw error;
      if (code === 'EAGAIN') Atomics.wait(cell, 0, 0, pause);
    }
  }
}
