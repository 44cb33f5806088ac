import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applyEdits } from '../../src/filter/edit.ts';
import { HeaderBlock } from '../../src/filter/headerblock.ts';

const ours = 'X-Ours: 1\nX-Ours: 2\n';

/** A message through, its prefix in one piece and the rest in chunks that end at the given places. */
function through(
  message: string,
  lines: string,
  prefixLength = Infinity,
  ends: readonly number[] = [],
): string {
  const bytes = Buffer.from(message, 'latin1');
  const block = new HeaderBlock(lines);
  const prefix = bytes.subarray(0, prefixLength);
  const whole = prefix.length === bytes.length;
  const pieces = applyEdits(prefix, block.prefix(prefix, whole)).map((piece) => Buffer.from(piece));
  const cuts = [...ends, bytes.length].filter((end) => end > prefix.length).sort((one, other) => one - other);
  let at = prefix.length;
  for (const end of cuts) {
    // The chunk is overwritten afterwards, as Input does with its buffer.
    const chunk = Buffer.from(bytes.subarray(at, end));
    pieces.push(...block.push(chunk).map((piece) => Buffer.from(piece)));
    chunk.fill(0x21);
    at = end;
  }
  pieces.push(...block.end().map((piece) => Buffer.from(piece)));
  return Buffer.concat(pieces).toString('latin1');
}

/** What must come out, worked out line by line on a text that is all there. */
function expected(message: string, lines: string, followed = true): string {
  const all = message.split(/(?<=\n)/);
  const lineEnd = followed && all[0]?.endsWith('\r\n') === true ? '\r\n' : '\n';
  const inserted = lines.replaceAll('\n', lineEnd);
  const out: string[] = [];
  let field: 'none' | 'kept' | 'forged' = 'none';
  let placeAt: number | undefined;
  let lastField: number | undefined;
  let rest = 0;
  for (const [index, line] of all.entries()) {
    rest = index;
    if (line === '\n' || line === '\r\n') {
      placeAt ??= out.length;
      break;
    }
    rest = index + 1;
    const name = /^[^\0-\x20:\x7f-\xff]+[ \t]*:/.exec(line)?.[0];
    if (line.startsWith(' ') || line.startsWith('\t')) {
      if (field !== 'forged') out.push(line);
    } else if (/^x-dspam-[^\0-\x20:\x7f-\xff]*[ \t]*$/i.test(line.slice(0, 998)) && line.length >= 998) {
      field = 'forged';
    } else if (name !== undefined && name.length <= 998) {
      field = name.toLowerCase().startsWith('x-dspam-') ? 'forged' : 'kept';
      if (field === 'kept') lastField = out.push(line) - 1;
    } else {
      field = 'none';
      if (index > 0 || !line.startsWith('From ')) placeAt ??= out.length;
      out.push(line);
    }
  }
  const unfinished = rest === all.length && field !== 'forged' && all.at(-1)?.endsWith('\n') === false;
  placeAt ??= unfinished ? lastField : out.length;
  const text = [...out, ...all.slice(rest)];
  if (placeAt !== undefined && lines !== '') text.splice(placeAt, 0, inserted);
  return text.join('');
}

const pieces = fc.constantFrom(
  ...['From a@b Mon\n', 'From a@b\r\n', 'From ', 'From : x\n', '>From y\n'],
  ...['Subject: a\n', 'To: b\r\n', 'No-End: c', 'Odd\t :d\n', ':no name\n', 'junk line\n', 'junk\r\n'],
  ...[
    'X-DSPAM-Result: Spam\n',
    'x-dspam-user \t: u\r\n',
    'X-Dspam-Factors: 1,\n',
    'X-DSPAM-',
    'X-DSPAM: no\n',
  ],
  ...[' folded\n', '\tfolded\r\n', ' \n', ' no end', '\n', '\r\n', '\r', ':', ' ', 'x'],
  ...[
    '\0',
    '\0: nul\n',
    'caf\xe9: 8bit\n',
    'B: \xff\0\n',
    'n'.repeat(990),
    ' '.repeat(998),
    'x-dspam-'.repeat(124),
    `X-DSPAM-${'a'.repeat(990)}`,
  ],
);
const messages = fc.array(pieces, { minLength: 1, maxLength: 25 }).map((list) => list.join(''));

describe('where our lines go', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['the end of the block', 'A: 1\nB: 2\n\nbody\n', 'A: 1\nB: 2\n{}\nbody\n'],
    ['CRLF', 'A: 1\r\n\r\nbody', 'A: 1\r\n{}\r\nbody'],
    ['mixed: as the first line ends', 'A: 1\nB: 2\r\n\r\nbody', 'A: 1\nB: 2\r\n{}\r\nbody'],
    ['an mbox line', 'From a@b Mon\nA: 1\n\nFrom c\n', 'From a@b Mon\nA: 1\n{}\nFrom c\n'],
    ['only an mbox line', 'From a@b Mon\n', 'From a@b Mon\n{}'],
    ['an mbox line and an empty one', 'From a@b Mon\n\nbody\n', 'From a@b Mon\n{}\nbody\n'],
    ['a field named From with a blank', 'From : a\n folded\n\n', 'From : a\n folded\n{}\n'],
    ['an empty line first', '\nbody\n', '{}\nbody\n'],
    ['an empty line first, CRLF', '\r\nbody\r\n', '{}\r\nbody\r\n'],
    ['no header block', 'Hello there\nbody: x\n', '{}Hello there\nbody: x\n'],
    ['no header block and no line end', 'Hello there', '{}Hello there'],
    ['no header block, a blank first', ' Hello\nthere\n', ' Hello\n{}there\n'],
    ['a blank behind the mbox line', 'From a\n b: c\nS: d\n\n', 'From a\n b: c\nS: d\n{}\n'],
    ['a blank first', '\tfolded\nS: d\n\nbody', '\tfolded\nS: d\n{}\nbody'],
    ['header only', 'A: 1\nB: 2\n', 'A: 1\nB: 2\n{}'],
    ['header only, no line end', 'A: 1\nB: 2\n c', 'A: 1\n{}B: 2\n c'],
    ['one field, no line end', 'A: 1', '{}A: 1'],
    ['a line that is no field', 'A: 1\nwhat is this\nB: 2\n\n', 'A: 1\n{}what is this\nB: 2\n\n'],
    ['the mbox line of another system', 'A: 1\n>From a@b\nB: 2\n\n', 'A: 1\n{}>From a@b\nB: 2\n\n'],
    ['a blank line that is not empty', 'A: 1\n \nB: 2\n\n', 'A: 1\n \nB: 2\n{}\n'],
    ['a lone CR', 'A: 1\n\rB: 2\n\n', 'A: 1\n{}\rB: 2\n\n'],
  ];
  test.each(cases)('%s', (_, input, output) => {
    const lines = (input.split('\n')[0] ?? '').endsWith('\r') ? ours.replaceAll('\n', '\r\n') : ours;
    expect(through(input, ours)).toBe(output.replace('{}', lines));
  });

  test('not behind an mbox line that has no end', () => {
    const block = new HeaderBlock(ours);
    expect(block.prefix(Buffer.from('From a@b'), true)).toEqual([]);
    expect(block.complete).toBe(false);
  });

  test('not where a streamed block breaks off', () => {
    const message = `A: 1\nB: ${'x'.repeat(100)}`;
    expect(through(message, ours, 10)).toBe(message);
    expect(through(`${message}\n`, ours, 10)).toBe(`${message}\n${ours}`);
  });

  test('with the line end of a first line that ends behind the prefix', () => {
    const message = `A: ${'x'.repeat(100)}\r\nB: 1\r\n\r\n`;
    const output = message.replace('B: 1\r\n', `B: 1\r\n${ours.replaceAll('\n', '\r\n')}`);
    for (let end = 1; end < message.length; end++) expect(through(message, ours, 1, [end])).toBe(output);
  });
});

describe("the sender's X-DSPAM fields", () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['any case', 'A: 1\nX-DSPAM-Result: Innocent\nx-dspam-USER: u\n\nX', 'A: 1\n\nX'],
    ['folded', 'X-DSPAM-Factors: 1,\n\tx, 0.5\n \nB: 2\n\n', 'B: 2\n\n'],
    ['a blank before the colon', 'X-DSPAM-Result \t: Spam\r\n\r\n', '\r\n'],
    ['behind a line that is no field', 'A: 1\njunk\nX-DSPAM-Result: Spam\n\n', 'A: 1\njunk\n\n'],
    ['behind the mbox line', 'From a\nX-DSPAM-Result: Spam\nB: 2\n\n', 'From a\nB: 2\n\n'],
    ['without a line end', 'A: 1\nX-DSPAM-Result: Spam', 'A: 1\n'],
    ['with a colon far away', `A: 1\nX-DSPAM-${'a'.repeat(1700)}: y\n folded\n\nb`, 'A: 1\n\nb'],
    ['with a colon behind many blanks', `X-DSPAM-Result${' '.repeat(990)}: y\r\n\r\nb`, '\r\nb'],
    ['with a colon at the limit', `X-DSPAM-${'a'.repeat(990)}: y\nB: 2\n\n`, 'B: 2\n\n'],
    ['not in the body', 'A: 1\n\nX-DSPAM-Result: Spam\n', 'A: 1\n\nX-DSPAM-Result: Spam\n'],
    ['not without a colon', 'A: 1\nX-DSPAM-Result\n\n', 'A: 1\nX-DSPAM-Result\n\n'],
    ['not other names', 'X-DSPAM: 1\nXX-DSPAM-Y: 2\n\n', 'X-DSPAM: 1\nXX-DSPAM-Y: 2\n\n'],
  ];
  test.each(cases)('%s', (_, input, output) => {
    expect(through(input, '')).toBe(output);
  });
});

describe('any bytes', () => {
  test('come out as worked out line by line', () => {
    fc.assert(
      fc.property(messages, fc.constantFrom(ours, ''), (message, lines) => {
        expect(through(message, lines)).toBe(expected(message, lines));
      }),
      { numRuns: 3000 },
    );
  });

  test('come out the same in any chunks', () => {
    const places = fc.array(fc.nat(3000), { maxLength: 30 });
    fc.assert(
      fc.property(
        messages,
        fc.constantFrom(ours, ''),
        places,
        fc.nat(300),
        (message, lines, ends, prefix) => {
          const inPieces = through(message, lines, prefix, ends);
          // What breaks off inside its block gets no lines when it is streamed, and the line end of a first
          // line that is no field comes too late to be followed.
          const answers = [expected(message, lines), expected(message, '')];
          if (prefix < message.indexOf('\n') + 1) answers.push(expected(message, lines, false));
          expect(answers).toContain(inPieces);
        },
      ),
      { numRuns: 3000 },
    );
  });

  test('come out the same byte by byte', () => {
    fc.assert(
      fc.property(messages, (message) => {
        const finished = `${message}\n\nbody`;
        const everywhere = Array.from({ length: finished.length }, (_, at) => at);
        // The prefix holds the first line, so that its line end is known.
        const prefix = finished.indexOf('\n') + 1;
        expect(through(finished, ours, prefix, everywhere)).toBe(expected(finished, ours));
      }),
      { numRuns: 200 },
    );
  });

  test('lose nothing but the fields taken out', () => {
    fc.assert(
      fc.property(messages, (message) => {
        const output = through(message, ours);
        const bare = output.replace(/X-Ours: 1\r?\nX-Ours: 2\r?\n/, '');
        expect(bare).toBe(through(message, ''));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('huge lines', () => {
  const megabytes = 20;
  const chunk = Buffer.alloc(64 * 1024, 'x');

  test.each([
    ['a kept field', 'A: ', true],
    ['a field taken out', 'X-DSPAM-A: ', false],
    ['a folded line of a field taken out', 'X-DSPAM-A: 1\n ', false],
    ['a line that is no field', '', true],
  ])('%s of 20 MB', (_, beginning, kept) => {
    const block = new HeaderBlock(ours);
    const started = performance.now();
    const prefix = Buffer.from(`S: 1\n${beginning}`);
    let length = 0;
    const count = (out: readonly Uint8Array[]): void => {
      for (const piece of out) length += piece.length;
    };
    count(applyEdits(prefix, block.prefix(prefix, false)));
    for (let i = 0; i < megabytes * 16; i++) count(block.push(chunk));
    count(block.push(Buffer.from('\n\nbody\n')));
    count(block.end());
    const line = kept ? beginning.length + megabytes * 1024 * 1024 + 1 : 0;
    expect(length).toBe('S: 1\n'.length + line + ours.length + '\nbody\n'.length);
    expect(performance.now() - started).toBeLessThan(2000);
  });

  test('a block of a million short lines', () => {
    const block = new HeaderBlock(ours);
    const started = performance.now();
    const bytes = Buffer.from(`${'X-DSPAM-A:\na:\n'.repeat(500_000)}\n`);
    const out = Buffer.concat(applyEdits(bytes, block.prefix(bytes, true)));
    expect(out.length).toBe(500_000 * 3 + ours.length + 1);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
