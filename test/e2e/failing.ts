/**
 * The ways in which a filter can fail, and what becomes of a message in each: the table of rules/README.md, whose cells the tests of
 * failures compare with what hosts do.
 */
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { peer } from '../peers.ts';
import { LevelStore } from '../../src/store/level/level-store.ts';
import {
  emptyConfig,
  faulty,
  makeMaildir,
  messagesIn,
  node,
  root,
  ruleOf,
  tamis,
  taughtHome,
  withoutJudgement,
  workFolder,
  type Identity,
} from './site.ts';

/** Whose filter judges. */
export const user = 'anna@example.net';

const faults = {
  'exits 1': 'cat >/dev/null; exit 1',
  'exits 75': 'exit 75',
  'exits 100': 'cat >/dev/null; exit 100',
  'exits 111': 'cat >/dev/null; exit 111',
  'is killed': 'head -c 300; kill -9 $$',
  'is not there': undefined,
  hangs: 'head -c 300; exec sleep 1000',
  'exits 0 and prints nothing': 'cat >/dev/null',
  'exits 0 and prints half': 'head -c 300',
} as const;

/** Faults of what stands behind the real filter. */
const troubles = {
  'finds no daemon: tamisc': 'tamisc',
  'finds no daemon: spamc': 'spamc',
  'finds the store locked': 'tamis',
} as const;

/** A message with lines that its sender has forged: one alone, one folded, one twice. */
export const forged: string = `From: a@example.org
X-DSPAM-Result: Spam
Subject: x
x-dspam-result:
\tSpam
X-DSPAM-Signature: 1
Date: Mon, 23 Nov 2026 10:00:00 +0000
Message-ID: <x@example.org>
X-Other: x

${'A line of text.\n'.repeat(100)}end
`;

type Outcome =
  'inbox' | 'inbox, forged lines too' | 'again' | 'bounced' | 'lost' | 'cut' | 'empty' | 'twice' | 'spam';

/** What is in a Maildir, and what a host has been told. Lines that a host puts before those of the sender do not count. */
export function outcome(maildir: string, told: 'done' | 'again' | 'bounced'): Outcome {
  const [spam] = messagesIn(maildir, '.Spam');
  if (spam === forged || spam?.endsWith('\nend\n') === true) return 'spam';
  const [stored, ...more] = [...messagesIn(maildir), ...messagesIn(maildir, '.Spam')];
  if (more.length > 0 || (stored !== undefined && told !== 'done')) return 'twice';
  if (stored === undefined) return told === 'done' ? 'lost' : told;
  const message = stored.slice(Math.max(0, stored.indexOf('From: a@example.org\n')));
  if (message === forged) return 'inbox, forged lines too';
  // The folded line leaves nothing behind.
  if (message === withoutJudgement(forged.replace('x-dspam-result:\n\tSpam\n', ''))) return 'inbox';
  return message === '' ? 'empty' : 'cut';
}

/** How a filter is named and reached: options of `tamis rules`. */
export type Filter = readonly string[];

/** A host. */
export interface Host {
  /** The column of rules/README.md. */
  readonly column: string;
  readonly cannot?: readonly string[];
  /** Hands the message in; `place` is an empty folder of its own, with an empty Maildir in it. */
  readonly deliver: (place: string, maildir: string, filter: Filter) => Outcome | Promise<Outcome>;
}

/** The rule with less patience, so that a test need not wait for a minute. */
export const hasty = (text: string): string => {
  expect(text).toContain('timeout -k 5 ');
  return text.replace(/timeout -k 5 \d{1,3} /, 'timeout -k 1 1 ');
};

/** The rule of a host for a filter. */
export function rulesOf(host: string, filter: Filter, defer: boolean): string {
  return ruleOf(host, ...filter, ...(defer ? ['--on-failure', 'defer'] : []));
}

/** What a status says to a host for which these are to be tried again, as for a program that was killed. */
export const told = (
  status: number | null,
  again: readonly (number | null)[],
): 'done' | 'again' | 'bounced' =>
  status === 0 ? 'done' : [...again, null].includes(status) ? 'again' : 'bounced';

/** The table of rules/README.md: for each column, what it says of each fault. */
function table(): Readonly<Record<string, Readonly<Record<string, string>>>> {
  const lines = readFileSync(join(root, 'rules/README.md'), 'utf8').split('\n');
  const cells = (line: string): string[] =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
  const start = lines.findIndex((line) => line.startsWith('| the filter |'));
  const end = lines.findIndex((line, at) => at > start && !line.startsWith('|'));
  const [, ...columns] = cells(lines[start] ?? '');
  const rows = lines.slice(start + 2, end).map(cells);
  return Object.fromEntries(
    columns.map((column, at) => [
      column,
      Object.fromEntries(rows.map(([fault = '', ...said]) => [fault, said[at] ?? ''])),
    ]),
  );
}

/** What tests of failures share. */
export interface Place {
  readonly work: string;
  /** The home of tamis, once tests run. */
  readonly home: () => string;
  /** The file of the message. */
  readonly message: string;
}

/** A folder for a file of such tests, with a home that belongs to the owner. */
export function failurePlace(owner: Identity): Place {
  const work = workFolder('tamis-failures-');
  const message = join(work, 'message');
  let home = '';
  beforeAll(() => {
    home = taughtHome(work, user, { as: owner });
    writeFileSync(message, forged);
  });
  return { work, home: () => home, message };
}

/** Declares the tests of one host: each cell of its column. */
export function testFailures(host: Host, { work, home }: Place): void {
  const check = async (fault: string, filter: Filter): Promise<void> => {
    const place = join(work, `${host.column.replace(/\W/g, '')}-${randomUUID()}`);
    mkdirSync(place);
    const maildir = makeMaildir(join(place, 'Maildir'));
    const became = await host.deliver(place, maildir, filter);
    expect(became).toBe(table()[host.column]?.[fault]?.replaceAll('**', ''));
  };

  const able = <T>(kinds: Readonly<Record<string, T>>): [string, T][] =>
    Object.entries(kinds).filter(([fault]) => host.cannot?.includes(fault) !== true);

  test.each(able(faults))('a filter that %s', async (fault, text) => {
    await check(fault, ['--program', text === undefined ? '/nonexistent/tamis' : faulty(work, text)]);
  });

  test.each(able(troubles))('a filter that %s', async (fault, kind) => {
    const environment = `export TAMIS_HOME='${home()}' TAMIS_CONFIG='${emptyConfig(work)}' TAMIS_SOCKET=/nonexistent/tamis.sock\n`;
    const running = (command: string): string => faulty(work, `${environment}exec ${command} "$@"`);
    const filters: Readonly<Record<typeof kind, () => Filter>> = {
      tamis: () => ['--program', running(`'${node}' '${tamis}' --set deadline=0.3`)],
      tamisc: () => ['--program', running(`'${node}' '${join(root, 'dist/tamisc.js')}'`), '--via', 'tamisc'],
      // A port that nobody listens on.
      spamc: () => ['--program', running(`'${peer('spamc') ?? ''}' -d 127.0.0.1 -p 9`), '--via', 'spamc'],
    };
    const held = await new LevelStore(home()).open(user, { create: false });
    expect(held).toBeDefined();
    try {
      await check(fault, filters[kind]());
    } finally {
      await held?.close();
    }
  });
}
