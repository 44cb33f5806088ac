/** From the bytes of a message to what the learners and the store need of it. */
import { featuresOf, type Features } from '../features/features.ts';
import { windowsOf, type Windows } from '../features/windows.ts';
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

/** A reading with what it was made from. */
export interface FullReading extends Reading {
  readonly content: Content;
  /** Ids of signatures found anywhere in the message, the likeliest last. */
  readonly signatures: readonly string[];
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
      signatures: findSignatures(split),
    };
  };
  return deadline === undefined ? work() : deadline.run(work);
}
