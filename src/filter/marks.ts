/**
 * What a user has put into messages behind our header lines: the signature and what the site says of spam or of innocent mail in each text part
 * (footer.ts), and a word before the subject of spam.
 *
 * The word goes in behind the colon of the first Subject field, once: a subject that begins with it stays. A message without one gets a
 * Subject field before its first. What the site says is in HOME/txt/msgtag.spam and HOME/txt/msgtag.nonspam, as DSPAM has it: lines of
 * printable ASCII without `=`, 76 characters at most. Only what lies within the prefix is touched.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config/load.ts';
import { describe } from '../errors.ts';
import type { Verdict } from '../judge/verdict.ts';
import { log } from '../log.ts';
import type { Edit } from './edit.ts';
import { footerEdits } from './footer.ts';
import type { Prefix } from './input.ts';

/** How long a header line may be to be looked at, in bytes. */
const lineLimit = 998;
/** Lines that the site may say. */
const mostLines = 20;
/** A line that can stand in a part of any encoding, and that nobody takes for a boundary. */
const sayable = /^(?!--)[\x20-\x3c\x3e-\x7e]{0,76}$/;

/** The edits of a prefix. If a part of them fails, the message goes out without. */
export async function markEdits(
  { bytes, whole }: Prefix,
  verdict: Verdict,
  { home }: Pick<Config, 'home'>,
): Promise<readonly Edit[]> {
  const { wishes, signature, result } = verdict;
  if (wishes === undefined) return [];
  const isSpam = result === 'Spam';
  const subject = isSpam && wishes.spamAction === 'tag' ? subjectEdits(bytes, wishes.spamSubject) : [];
  try {
    const says = (isSpam ? wishes.tagSpam : wishes.tagNonspam) ? said(home, isSpam) : [];
    const signs =
      signature !== undefined && wishes.signatureLocation === 'message' ? [`!DSPAM:${signature}!`] : [];
    const tag = [...says, ...signs].join('\n');
    return tag === '' ? subject : [...subject, ...(await footerEdits(bytes, { tag, complete: whole }))];
  } catch (error) {
    log(`the message goes out without a footer: ${describe(error)}`);
    return subject;
  }
}

/** The lines that the site says of spam, or of innocent mail; none where they cannot be read or put in. */
function said(home: string, isSpam: boolean): readonly string[] {
  const path = join(home, 'txt', isSpam ? 'msgtag.spam' : 'msgtag.nonspam');
  try {
    const text = readFileSync(path, 'latin1').trimEnd();
    const lines = text.split('\n').map((line) => line.trimEnd());
    if (lines.length <= mostLines && lines.every((line) => sayable.test(line))) return lines;
    log(
      `${path} is not put in: it must be ${mostLines} lines of ASCII at most, of 76 characters, without "=" and without "--" at a beginning.`,
    );
  } catch (error) {
    log(`${path} cannot be read: ${describe(error)}`);
  }
  return [];
}

/** The edit that puts a word before the subject; none where it is there, or the header block cannot be read. */
function subjectEdits(bytes: Buffer, word: string): Edit[] {
  let first: number | undefined;
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf(0x0a, at) + 1;
    const line = bytes.toString('latin1', at, Math.min(end === 0 ? bytes.length : end, at + lineLimit));
    if (/^\r?\n/.test(line)) break;
    const mbox = at === 0 && line.startsWith('From ');
    if (!mbox && first === undefined) {
      if (!/^[\x21-\x39\x3b-\x7e]+[ \t]*:/.test(line)) return [];
      first = at;
    }
    const [name] = /^subject[ \t]*:[ \t]*/i.exec(line) ?? [];
    if (name !== undefined) {
      if (line.startsWith(word, name.length)) return [];
      return [insertion(at + name.length, `${word} `)];
    }
    if (end === 0) break;
    at = end;
  }
  if (first === undefined) return [];
  const lineEnd = /\r?\n/.exec(bytes.toString('latin1', first, first + lineLimit))?.[0] ?? '\n';
  return [insertion(first, `Subject: ${word}${lineEnd}`)];
}

function insertion(at: number, text: string): Edit {
  return { start: at, end: at, bytes: Buffer.from(text, 'latin1') };
}
