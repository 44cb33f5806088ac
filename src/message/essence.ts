/**
 * The essence of a message: what of it says something and stays the same on its way from the filter to the Maildir and back.
 *
 * What is judged (features/windows.ts) and what a message is known by (fingerprint.ts) are both made of it.
 */
import { oneLine } from './blanks.ts';
import type { Content, Field } from './content.ts';
import { judgedFields } from './delivered.ts';

/** What stays of a message. */
export interface Essence {
  /** The fields that delivery neither adds nor changes. */
  readonly fields: readonly Field[];
  /** The visible text in one line. */
  readonly text: string;
}

/** What stays of a message. */
export function essenceOf({ fields, text }: Content): Essence {
  return { fields: judgedFields(fields), text: oneLine(text) };
}
