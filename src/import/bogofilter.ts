/**
 * bogofilter's words, as `bogoutil -d wordlist.db` prints them, one a line with its counts of spam and of ham and the day:
 *
 *     Cheap 12 4 20261123
 *     subj:Cheap 12 4 20261123
 *     .MSG_COUNT 120 90 20261123
 *
 * They become words of DSPAM's engine (`Cheap`, `Subject*Cheap`), which all its tokenizers but osb know; the two cut text into words much alike. Words of header fields
 * that bogofilter does not tell apart (`head:`, `mime:`, `ip:`) mean nothing there and are left out. `.MSG_COUNT` has the totals.
 */
import { tokenKey } from '../classifier/dspam/key.ts';
import { broken, chunkLength, readCount, type Fact, type Facts } from './fact.ts';
import { linesOf } from './text.ts';

/** bogofilter's marks of the header field that a word stands in, and the field. */
const fields: Readonly<Record<string, string>> = {
  subj: 'Subject',
  from: 'From',
  to: 'To',
  rtrn: 'Return-Path',
  rcvd: 'Received',
};
const otherMarks: readonly string[] = ['head', 'mime', 'ip', 'url'];
const total = '.MSG_COUNT';

/** Reads the facts of a list of words. */
export async function* bogofilterFacts(file: string): Facts {
  let facts: Fact[] = [];
  let totals: readonly number[] | undefined;
  for await (const [text, number] of linesOf(file)) {
    if (text === '') continue;
    const [word = '', spamDigits = '', hamDigits = '', date = '', ...rest] = text.split(' ');
    const spam = readCount(spamDigits);
    const innocent = readCount(hamDigits);
    if (spam === undefined || innocent === undefined || rest.length > 0 || !/^\d{1,8}$/.test(date)) {
      throw broken(
        file,
        `line ${number}`,
        'This is no line of bogoutil -d; make the list anew: bogoutil -d wordlist.db.',
      );
    }
    if (word === total) totals = [spam, innocent, 0, 0, 0, 0, 0, 0];
    const name = nameOf(word);
    if (name === undefined) continue;
    facts.push({ kind: 'token', owner: undefined, token: tokenKey(name), spam, innocent, day: dayOf(date) });
    if (facts.length < chunkLength) continue;
    yield facts;
    facts = [];
  }
  if (totals === undefined)
    throw broken(file, undefined, `The list has no line ${total}, without which its words say nothing.`);
  yield [...facts, { kind: 'totals', owner: undefined, totals }];
}

/** The name of a word for DSPAM's engine; undefined: it has none. */
function nameOf(word: string): string | undefined {
  if (word.startsWith('.')) return undefined;
  const at = word.indexOf(':');
  const mark = word.slice(0, Math.max(0, at));
  if (Object.hasOwn(fields, mark)) return `${fields[mark] ?? ''}*${word.slice(at + 1)}`;
  return otherMarks.includes(mark) ? undefined : word;
}

/** Days since 1970 of `20261123`; 0 where there is none. */
function dayOf(date: string): number {
  const day = Date.parse(`${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`) / 86_400_000;
  return Number.isInteger(day) ? Math.max(0, Math.min(65_535, day)) : 0;
}
