/**
 * What a user has put into messages behind our header lines: the signature in each text part (footer.ts), and a word before the subject of spam.
 *
 * The word goes in behind the colon of the first Subject field, once: a subject that begins with it stays. A message without one gets a
 * Subject field before its first. Only what lies within the prefix is touched.
 */
import { describe } from '../errors.ts';
import type { Verdict } from '../judge/verdict.ts';
import { log } from '../log.ts';
import type { Edit } from './edit.ts';
import { footerEdits } from './footer.ts';
import type { Prefix } from './input.ts';

/** How long a header line may be to be looked at, in bytes. */
const lineLimit = 998;

/** The edits of a prefix. If a part of them fails, the message goes out without. */
export async function markEdits({ bytes, whole }: Prefix, verdict: Verdict): Promise<readonly Edit[]> {
  const { wishes, signature, result } = verdict;
  if (wishes === undefined) return [];
  const subject =
    result === 'Spam' && wishes.spamAction === 'tag' ? subjectEdits(bytes, wishes.spamSubject) : [];
  if (signature === undefined || wishes.signatureLocation !== 'message') return subject;
  try {
    return [...subject, ...(await footerEdits(bytes, { tag: `!DSPAM:${signature}!`, complete: whole }))];
  } catch (error) {
    log(`the message goes out without a footer: ${describe(error)}`);
    return subject;
  }
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
