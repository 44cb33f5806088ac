/** Hostile messages: read without an error, in time that grows with their length. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fingerprint } from '../../src/message/fingerprint.ts';
import { readContent } from '../../src/message/read.ts';
import { splitMessage } from '../../src/message/split.ts';
import { findSignatures } from '../../src/message/tag.ts';
import { tortures } from '../torture.ts';
import { withCrlf } from './message.ts';

/** What the filter holds of a message. */
const prefix = 256 * 1024;
/** Far more than any of them takes, far less than what a quadratic loop takes. */
const mostMs = 3000;

describe.each(Object.entries(tortures))('%s', (_, make) => {
  test('is read in time', async () => {
    const bytes = make().subarray(0, prefix);
    const before = performance.now();
    const split = await splitMessage(bytes);
    const content = readContent(split);
    expect(fingerprint(content)).toHaveLength(16);
    expect(findSignatures(split)).toEqual([]);
    expect(performance.now() - before).toBeLessThan(mostMs);
  });

  test('says the same with CRLF', async () => {
    const bytes = make().subarray(0, prefix / 2);
    const [split, crlf] = [await splitMessage(bytes), await splitMessage(withCrlf(bytes))];
    expect(readContent(crlf)).toEqual(readContent(split));
  });
});

describe('messages of the corpus, spoiled', () => {
  const folder = path.join(import.meta.dirname, '../corpus');
  const messages = readdirSync(folder)
    .filter((name) => name.endsWith('.eml'))
    .map((name) => readFileSync(path.join(folder, name), 'latin1'));
  const piece = fc.oneof(
    fc.constantFrom(
      ...[
        '\n',
        '\r',
        '\r\n',
        '\n\n',
        '--',
        '=',
        '=?',
        '?=',
        ':',
        ';',
        ' ',
        '"',
        '<',
        '>',
        '\0',
        '\xff\xfe',
        '\x1b$B',
      ],
    ),
    fc.constantFrom(
      ...[
        'From ',
        '>From ',
        'boundary=',
        'message/rfc822',
        'charset=utf-16',
        '<style>',
        '!DSPAM:',
        'X-DSPAM-',
      ],
    ),
    fc.string({
      unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
      maxLength: 8,
    }),
  );
  const edit = fc.record({
    place: fc.double({ min: 0, max: 1, noNaN: true }),
    taken: fc.nat(40),
    put: piece,
  });

  test('are read without an error, and say the same with CRLF', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...messages),
        fc.array(edit, { maxLength: 6 }),
        async (message, edits) => {
          const spoiled = Buffer.from(
            edits.reduce((text, { place, taken, put }) => {
              const at = Math.floor(place * text.length);
              return text.slice(0, at) + put + text.slice(at + taken);
            }, message),
            'latin1',
          );
          const [split, crlf] = [await splitMessage(spoiled), await splitMessage(withCrlf(spoiled))];
          const content = readContent(split);
          expect(readContent(crlf)).toEqual(content);
          expect(findSignatures(crlf)).toEqual(findSignatures(split));
          expect(fingerprint(content)).toHaveLength(16);
        },
      ),
      { numRuns: 500 },
    );
  });
});
