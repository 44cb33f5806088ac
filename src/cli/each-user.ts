/**
 * One message for several users (`--user a b c`): a run of the filter for each, one after the other, as DSPAM does it. What they write follows one another.
 *
 * Each run is a process of its own, so that nothing that befalls one touches the message of another. The message is kept in a file
 * without a name meanwhile.
 */
import { closeSync } from 'node:fs';
import { join } from 'node:path';
import { Input } from '../filter/input.ts';
import { namelessFile } from '../filter/nameless.ts';
import { writeAll } from '../filter/output.ts';
import { logError } from '../log.ts';
import { wordsFor } from './dspam-words.ts';

/** EX_TEMPFAIL of sysexits.h. */
const temporaryFailure = 75;
/** Bytes of the message that are copied at a time. */
const pieceBytes = 64 * 1024;

/**
 * Runs the filter for each user.
 *
 * @returns 0, or the first status that is not. A message that cannot be kept is 75, and nothing goes out.
 */
export function filterEach(argv: readonly string[], users: readonly string[]): number {
  try {
    const commands = users.map((user) => wordsFor(user, argv));
    const { writer, readers } = namelessFile(users.length);
    copy(writer);
    const statuses = readers.map((reader, at) => run(commands[at] ?? [], reader));
    return statuses.find((status) => status !== 0) ?? 0;
  } catch (error) {
    logError(error);
    return temporaryFailure;
  }
}

function copy(writer: number): void {
  const input = new Input();
  writeAll(writer, input.prefix(pieceBytes).bytes, 'a temporary file');
  for (let piece = input.next(); piece !== undefined; piece = input.next())
    writeAll(writer, piece, 'a temporary file');
  closeSync(writer);
}

function run(words: readonly string[], reader: number): number {
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  // tamis.js lies beside the bundle that this is part of.
  const { status, error } = spawnSync(process.execPath, [join(__dirname, 'tamis.js'), ...words], {
    stdio: [reader, 'inherit', 'inherit'],
  });
  closeSync(reader);
  if (error !== undefined) logError(error);
  return status ?? temporaryFailure;
}
