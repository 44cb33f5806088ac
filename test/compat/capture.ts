/**
 * The recorded runs of DSPAM 3.10.2 in captures/: a command, what it wrote, its status; and how two outputs are compared.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('captures', import.meta.url));

/** The names of all files, without `.txt`. */
export const captureNames: readonly string[] = readdirSync(folder).map((file) => file.replace(/\.txt$/, ''));

/** One recorded run. */
export interface Capture {
  /** The words of the command, the program first. */
  readonly words: readonly string[];
  /** The name of the file on stdin. */
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number;
}

/** All of a file. */
export function recording(name: string): string {
  return readFileSync(`${folder}/${name}.txt`, 'latin1');
}

/** Reads a run. The recorder ended what did not end in a line end with one. */
export function capture(name: string): Capture {
  const text = recording(name);
  const [line, rest] = parted(text, '\n--- stdout');
  const [, output] = parted(rest, '\n');
  const [stdout, end] = parted(output, '--- stderr\n');
  const [stderr, status] = parted(end, '--- exit ');
  const [command = '', stdin = ''] = line.slice('$ '.length).split(' < ');
  return { words: command.split(' '), stdin, stdout, stderr, status: Number(status) };
}

/** What stands before a mark, and what stands behind it. */
function parted(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark);
  if (at < 0) throw new Error(`there is no ${JSON.stringify(mark)}`);
  return [text.slice(0, at), text.slice(at + mark.length)];
}

/** The message in a recorded output, as it was before it was judged. */
export function messageIn(name: string): string {
  const lines = capture(name).stdout.split('\n');
  return lines
    .filter((line, at) => !line.startsWith('X-DSPAM-') && !(at > 0 && lines[at - 1]?.startsWith('X-Daemon')))
    .join('\n');
}

/** An output with the same word for every signature and date. */
export function masked(text: string): string {
  return byLine(text, (line) =>
    line
      .replace(/\b[0-9a-f]{8}\d{8,16}\b/g, 'SIGNATURE')
      .replace(/^(X-DSPAM-Processed: ).*/, '$1DATE')
      .replace(/^(\d+ +S: .* LH: ).*/, '$1DATE'),
  );
}

/** And for every number that the model gives. */
export function numberless(text: string): string {
  return byLine(masked(text), (line) =>
    line
      .replace(/\b(probability|confidence)=[\d.]+/g, '$1=N')
      .replace(/^(X-DSPAM-(?:Confidence|Probability): )[\d.]+$/, '$1N')
      .replace(/^(X-DSPAM-Improbability: 1 in )\d+/, '$1N'),
  );
}

function byLine(text: string, change: (line: string) => string): string {
  return text.split('\n').map(change).join('\n');
}
