/**
 * The ways out of the filter, as `--deliver` names them.
 */
import type { Verdict } from '../judge/verdict.ts';
import { ExecSink, type Command } from './exec.ts';
import { MaildirSink } from './folder.ts';
import { summaryLine } from './headers.ts';
import type { Input } from './input.ts';
import { StreamSink, TextSink, type Sink } from './sink.ts';

/** What is done with a message. */
export type Deliver =
  /** The message goes to stdout. */
  | { readonly kind: 'stdout' }
  /** The summary line goes to stdout, the message nowhere. */
  | { readonly kind: 'summary' }
  /** A command gets the message. */
  | { readonly kind: 'exec'; readonly command: Command }
  /** The message goes into a Maildir; spam into a Maildir++ folder of it, such as `.Spam`. */
  | { readonly kind: 'maildir'; readonly path: string; /** Empty: the inbox. */ readonly spamFolder: string };

/** What the ways out need to know of the message. */
export interface Parcel {
  /** Undefined if the message was not judged; there is no summary of it then. */
  readonly verdict: Verdict | undefined;
  /** The descriptor that stands for stdout. */
  readonly output: number;
  /** The message itself, if it may go out unfiltered when nothing else is possible. */
  readonly original: Input | undefined;
}

/**
 * Begins a delivery.
 *
 * @throws TamisError DELIVERY if it cannot begin.
 */
export function openSink(deliver: Deliver, { verdict, output, original }: Parcel): Sink {
  switch (deliver.kind) {
    case 'stdout':
      return new StreamSink(output);
    case 'summary':
      return new TextSink(output, verdict === undefined ? '' : summaryLine(verdict));
    case 'exec':
      return new ExecSink(deliver.command, original);
    case 'maildir': {
      const { path, spamFolder } = deliver;
      return new MaildirSink(path, verdict?.result === 'Spam' && spamFolder !== '' ? spamFolder : undefined);
    }
  }
}
