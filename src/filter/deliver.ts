/**
 * The ways out of the filter, as `--deliver` names them.
 */
import type { Verdict } from '../judge/verdict.ts';
import { ExecSink, type Command } from './exec.ts';
import { MaildirSink } from './folder.ts';
import { summaryLine } from './headers.ts';
import type { Input } from './input.ts';
import { openQuarantine } from './quarantine.ts';
import { StreamSink, TextSink, type Sink } from './sink.ts';

/** What of DSPAM's lists is asked for. */
export interface Chosen {
  readonly innocent: boolean;
  readonly spam: boolean;
  readonly summary: boolean;
}

/** What is done with a message. */
export type Deliver =
  /** The message goes to stdout. */
  | { readonly kind: 'stdout' }
  /** The summary line goes to stdout, the message nowhere. */
  | { readonly kind: 'summary' }
  /** DSPAM's choice: the summary line, then the message if its result is among those chosen; all of it on stdout. */
  | (Chosen & {
      readonly kind: 'chosen';
      /** The Maildir that keeps spam that is not chosen; undefined: nothing does. */
      readonly quarantine?: string | undefined;
    })
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
    case 'chosen':
      return openChosen(deliver, verdict, output);
    case 'exec':
      return new ExecSink(deliver.command, original);
    case 'maildir': {
      const { path, spamFolder } = deliver;
      return new MaildirSink(path, verdict?.result === 'Spam' && spamFolder !== '' ? spamFolder : undefined);
    }
  }
}

/**
 * What becomes of a message: what was not judged goes out. Spam that was not chosen is kept, unless only the summary was asked for (DSPAM's
 * captures 18c, 22), or a person has just told that it is spam.
 */
export function fateOf(
  { innocent, spam, summary }: Chosen,
  verdict: Verdict | undefined,
): 'out' | 'kept' | 'dropped' {
  const isSpam = verdict?.result === 'Spam';
  if (verdict === undefined) return innocent || spam ? 'out' : 'dropped';
  if (isSpam ? spam : innocent) return 'out';
  // A user can have all mail, marked or not, where the command line lets innocent mail out.
  if (isSpam && innocent && verdict.wishes !== undefined && verdict.wishes.spamAction !== 'quarantine')
    return 'out';
  return isSpam && verdict.reclassified !== true && (innocent || !summary) ? 'kept' : 'dropped';
}

function openChosen(
  { quarantine, ...chosen }: Extract<Deliver, { kind: 'chosen' }>,
  verdict: Verdict | undefined,
  output: number,
): Sink {
  const line = chosen.summary && verdict !== undefined ? summaryLine(verdict) : '';
  const fate = fateOf(chosen, verdict);
  if (fate === 'kept' && quarantine !== undefined) return openQuarantine(quarantine);
  if (fate !== 'out') return new TextSink(output, line);
  const sink = new StreamSink(output);
  sink.write(Buffer.from(line));
  return sink;
}
