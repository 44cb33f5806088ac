/**
 * The lines of dspam_dump (DSPAM's capture 68), or of `tamis export --format=dspam`:
 *
 *     6625426497525293056  S: 00012  I: 00004  P: 0.8289 LH: Sun Nov 22 21:35:45 2026
 *
 * A dump tells no totals. Its last line has an end, or the file was cut in it.
 */
import { broken, chunkLength, controlToken, readToken, type Fact, type Facts, type Owner } from './fact.ts';
import { endsLine, linesOf } from './text.ts';

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const line = /^(\d{1,20}) {1,20}S: (\d{5,10}) {1,4}I: (\d{5,10}) {1,4}P: [\d.]{1,8}(?: {1,4}LH: (.{1,40}))?$/;
const date = /^\w{3} (\w{3}) {1,2}(\d{1,2}) [\d:]{8} (\d{4})$/;

/** Whether a file that begins so holds such lines. */
export function isDump(beginning: string): boolean {
  return line.test(/^[^\r\n]*/.exec(beginning)?.[0] ?? '');
}

/** Reads the facts of a dump. */
export async function* dumpFacts(file: string, owner: Owner): Facts {
  let facts: Fact[] = [];
  let lines = 0;
  for await (const [text, number] of linesOf(file)) {
    lines = number;
    if (text === '') continue;
    const [, digits = '', spamDigits, innocentDigits, last] = line.exec(text) ?? [];
    const token = readToken(digits);
    if (token === undefined) {
      throw broken(
        file,
        `line ${number}`,
        'This is no line of dspam_dump; the file was cut or mixed with something else.',
      );
    }
    const day = last === undefined ? 0 : dayOf(last);
    if (day === undefined)
      throw broken(file, `line ${number}`, `${JSON.stringify(last)} is no date of dspam_dump.`);
    if (token === controlToken) continue;
    facts.push({
      kind: 'token',
      owner,
      token,
      spam: Number(spamDigits),
      innocent: Number(innocentDigits),
      day,
    });
    if (facts.length < chunkLength) continue;
    yield facts;
    facts = [];
  }
  if (!endsLine(file)) throw broken(file, `line ${lines}`, 'The line has no end: the file was cut.');
  yield facts;
}

/** The day of a time of C's ctime(), in whatever time zone it was. */
function dayOf(text: string): number | undefined {
  const [, month = '', day, year] = date.exec(text.trim()) ?? [];
  const at = months.indexOf(month);
  return at < 0 ? undefined : Date.UTC(Number(year), at, Number(day)) / 86_400_000;
}
