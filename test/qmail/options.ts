/** Options and contexts that the tests of .qmail files share. */
import type { LineOptions } from '../../src/qmail/command.ts';
import type { FileContext } from '../../src/qmail/rewrite.ts';

/** A site with usual paths. */
export const options: LineOptions = {
  program: ['/usr/bin/node', '/usr/local/bin/tamis'],
  rule: '/usr/local/lib/node_modules/tamis/rules/tamis-qmail.maildrop',
  folder: undefined,
  forwards: false,
  pipe: false,
};

/** A file of a vpopmail domain. */
export const context: FileContext = { name: '.qmail-default', executable: false };
