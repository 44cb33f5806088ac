/**
 * Subscribes the owner of a Maildir to a folder that has just been made, because mail programs show no other.
 *
 * Dovecot keeps the names in `subscriptions` (version 2: a head, levels parted by tabs; version 1: by dots), Courier in
 * `courierimapsubscribed`, both as they are on disk. The file that is there tells which server it is; where none is, both are begun,
 * since a server does not look at the other's. A folder that cannot be subscribed to is one that is looked for by hand; mail comes
 * all the same.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemCode, TamisError } from '../errors.ts';
import { logError } from '../log.ts';

const head = 'V\t2\n\n';

interface Server {
  readonly file: string;
  /** What a new file begins with. */
  readonly head: string;
  /** The line for a folder of these levels in a file of this text. */
  readonly line: (levels: readonly string[], text: string) => string;
}

const servers: readonly Server[] = [
  { file: 'subscriptions', head, line: (levels, text) => levels.join(text.startsWith('V\t') ? '\t' : '.') },
  { file: 'courierimapsubscribed', head: '', line: (levels) => ['INBOX', ...levels].join('.') },
];

/**
 * Subscribes to a folder. Never throws.
 *
 * @param folder The Maildir++ folder as it is called on disk: `.Mail.Spam`.
 */
export function subscribe(maildir: string, folder: string): void {
  const levels = folder.split('.').slice(1);
  try {
    const found = servers.map((server) => ({ ...server, text: textOf(join(maildir, server.file)) }));
    const known = found.filter(({ text }) => text !== undefined);
    for (const { file, text, head: first, line } of known.length > 0 ? known : found) {
      const before = text ?? first;
      const added = line(levels, before);
      if (before.split('\n').includes(added)) continue;
      const end = before === '' || before.endsWith('\n') ? '' : '\n';
      const more = `${text === undefined ? first : ''}${end}${added}\n`;
      writeFileSync(join(maildir, file), more, { encoding: 'latin1', flag: 'a', mode: 0o600 });
    }
  } catch (cause) {
    const sentence = `Nobody is subscribed to the folder ${folder} of ${maildir}; see who may write there.`;
    logError(new TamisError('OUTPUT', sentence, { cause }));
  }
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
