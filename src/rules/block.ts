/**
 * The block that tamis owns in a file of a host: between two marks, comments in every language that there are rules for. What
 * stands outside of the marks is never touched, whatever bytes it is made of.
 */
import { TamisError } from '../errors.ts';

/** The version of the rules; it goes up when what they do changes. */
const version = 1;

/** The text of a rule between its marks. */
export function block(host: string, lines: readonly string[]): string {
  const begin = `# tamis rules ${host} ${version} begin (the next run replaces all up to the end mark)`;
  return [begin, ...lines, `# tamis rules ${host} end`, ''].join('\n');
}

/**
 * Puts a block into a file: in the place of the one that is there, else at the beginning, before rules that deliver.
 *
 * @param before The file as it is; empty if there is none.
 * @throws TamisError INPUT if the marks in it do not make one block.
 */
export function replaceBlock(before: Uint8Array, host: string, text: string, path: string): Buffer {
  // Latin-1 keeps every byte.
  const old = Buffer.from(before).toString('latin1');
  const lines = old.split(/(?<=\n)/);
  const begins = positions(lines, `# tamis rules ${host} `, (rest) => /^\d+ begin(?: |$)/.test(rest));
  const ends = positions(lines, `# tamis rules ${host} end`, (rest) => rest === '');
  const [begin, end] = [begins[0], ends[0]];
  if (begins.length > 1 || ends.length !== begins.length || (begin !== undefined && end !== undefined && end < begin)) {
    throw new TamisError('INPUT', `The marks of tamis in ${path} do not make one block; take them out by hand.`);
  }
  const fresh = Buffer.from(text).toString('latin1');
  const parts =
    begin === undefined || end === undefined
      ? [fresh, old]
      : [lines.slice(0, begin).join(''), fresh, lines.slice(end + 1).join('')];
  return Buffer.from(parts.join(''), 'latin1');
}

function positions(lines: readonly string[], start: string, matches: (rest: string) => boolean): number[] {
  return lines.flatMap((line, at) => (line.startsWith(start) && matches(line.slice(start.length).trimEnd()) ? [at] : []));
}
