/**
 * The bytes of the notes that judge/ keeps in the store.
 *
 * `signature`, under the id's ASCII bytes: what learning the message again needs.
 *
 *     0      format, 2
 *     1      1 if the message was judged spam, else 0
 *     2-17   fingerprint of the message
 *     18-    windows, packed (features/windows.ts): about 3 KiB, at most 10
 *
 * `learned`, under the fingerprint: as what a message was learned, and how to take that back.
 *
 *     0      format, 1
 *     1      bit 0: as spam; bits 1 and 2: the place of the source in {@link sources}
 *     2-     9 bytes a round: header gradient and text gradient (signed, 32 bits, big-endian), quarters of a
 *            message that the pairs were counted as
 */
import type { Round } from '../classifier/classifier.ts';
import { TamisError } from '../errors.ts';
import { packWindows, unpackWindows, type Windows } from '../features/windows.ts';

const signedFormat = 2;
const learnedFormat = 1;
const roundBytes = 9;

/** What a signature keeps. */
export interface Signed {
  readonly judgedSpam: boolean;
  readonly fingerprint: Uint8Array;
  readonly windows: Windows;
}

/** Where a class comes from: a collection, a person's correction, or a message sent on as a warning. */
export type Source = 'corpus' | 'error' | 'inoculation';

/** Undefined: nobody told it, the filter believed its own judgement. */
const sources: readonly (Source | undefined)[] = [undefined, 'corpus', 'error', 'inoculation'];

/** What was learned of a message. */
export interface Learned {
  readonly spam: boolean;
  readonly source: Source | undefined;
  readonly rounds: readonly Round[];
}

/** The bytes of a signature's note. */
export function encodeSigned({ judgedSpam, fingerprint, windows }: Signed): Uint8Array {
  return Buffer.concat([Uint8Array.of(signedFormat, judgedSpam ? 1 : 0), fingerprint, packWindows(windows)]);
}

/** Reads a signature's note; throws STORE_CORRUPT for bytes that are none. */
export function decodeSigned(note: Uint8Array): Signed {
  checkFormat(note, signedFormat, 18);
  try {
    return {
      judgedSpam: note[1] === 1,
      fingerprint: note.slice(2, 18),
      windows: unpackWindows(note.subarray(18)),
    };
  } catch (cause) {
    throw new TamisError('STORE_CORRUPT', 'A signature in the store cannot be unpacked.', { cause });
  }
}

/** The bytes of a learned message's note. */
export function encodeLearned({ spam, source, rounds }: Learned): Uint8Array {
  const note = Buffer.alloc(2 + roundBytes * rounds.length);
  note[0] = learnedFormat;
  note[1] = (spam ? 1 : 0) + 2 * sources.indexOf(source);
  for (const [i, round] of rounds.entries()) {
    const at = 2 + roundBytes * i;
    note.writeInt32BE(round.header, at);
    note.writeInt32BE(round.text, at + 4);
    note.writeUInt8(round.pairs, at + 8);
  }
  return note;
}

/** Reads a learned message's note; throws STORE_CORRUPT for bytes that are none. */
export function decodeLearned(note: Uint8Array): Learned {
  checkFormat(note, learnedFormat, 2);
  const bytes = Buffer.from(note.buffer, note.byteOffset, note.byteLength);
  const flags = bytes.readUInt8(1);
  const rounds: Round[] = [];
  for (let at = 2; at + roundBytes <= bytes.length; at += roundBytes) {
    rounds.push({
      header: bytes.readInt32BE(at),
      text: bytes.readInt32BE(at + 4),
      pairs: bytes.readUInt8(at + 8),
    });
  }
  return { spam: (flags & 1) !== 0, source: sources[flags >> 1], rounds };
}

function checkFormat(note: Uint8Array, format: number, least: number): void {
  if (note[0] === format && note.length >= least) return;
  throw new TamisError(
    'STORE_CORRUPT',
    `A note in the store has the format ${note[0] ?? 'none'}; this tamis reads ${format}.`,
  );
}
