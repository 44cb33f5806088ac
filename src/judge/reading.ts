/** From the bytes of a message to what the learners and the store need of it. */
import { featuresOf, type Features } from '../features/features.ts';
import { joinWindows, splitWindows, windowsOf, type Windows } from '../features/windows.ts';
import type { Content } from '../message/content.ts';
import { essenceOf } from '../message/essence.ts';
import { fingerprint } from '../message/fingerprint.ts';
import { readContent } from '../message/read.ts';
import { splitMessage } from '../message/split.ts';
import { findSignatures } from '../message/tag.ts';
import type { Deadline } from './deadline.ts';

/** A message as the learners see it. */
export interface Reading {
  readonly windows: Windows;
  readonly features: Features;
  /** 16 bytes that stay the same whatever delivery adds. */
  readonly fingerprint: Uint8Array;
}

/** A message as a lesson needs it. */
export interface LessonReading extends Reading {
  /** Ids of signatures found anywhere in the message, the likeliest last. */
  readonly signatures: readonly string[];
}

/** A reading with what it was made from. */
export interface FullReading extends LessonReading {
  readonly content: Content;
}

/** A {@link LessonReading} on its way from thread to thread: without the features, which are made of the windows in a fifth of the time. */
export interface Excerpt extends Pick<LessonReading, 'fingerprint' | 'signatures'> {
  /** Joined. */
  readonly windows: Uint8Array;
}

/** Reads a message from its first bytes; the synchronous work stops at the deadline. */
export async function readMessage(prefix: Uint8Array, deadline?: Deadline): Promise<FullReading> {
  const split = await splitMessage(prefix);
  const work = (): FullReading => {
    const content = readContent(split);
    const essence = essenceOf(content);
    const windows = windowsOf(content, essence);
    return {
      content,
      windows,
      features: featuresOf(windows),
      fingerprint: fingerprint(content, essence),
      // Of mail that passes nobody asks.
      get signatures() {
        return findSignatures(split);
      },
    };
  };
  return deadline === undefined ? work() : deadline.run(work);
}

/** What of a reading goes to another thread; {@link readingOf} reverses it. */
export function excerptOf({ windows, fingerprint, signatures }: LessonReading): Excerpt {
  return { windows: joinWindows(windows), fingerprint, signatures };
}

/** The reading that an excerpt is of. */
export function readingOf({ windows: joined, fingerprint, signatures }: Excerpt): LessonReading {
  const windows = splitWindows(joined);
  return { windows, features: featuresOf(windows), fingerprint, signatures };
}
