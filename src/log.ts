/**
 * Messages to people go to stderr, one line each, and nowhere else: a log of our own that fills
 * the disk loses mail. stdout carries results only.
 */
import { writeSync } from 'node:fs';
import { describe } from './errors.ts';

/** Writes one line to stderr. A stderr that is closed or full is ignored: mail goes on without it. */
export function log(line: string): void {
  try {
    writeSync(2, `tamis: ${line}\n`);
  } catch {
    // Nobody is left to tell.
  }
}

/** Logs an error with its causes in one line. */
export function logError(error: unknown): void {
  log(describe(error));
}
