import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applyEdits } from '../../src/filter/edit.ts';
import { footerEdits } from '../../src/filter/footer.ts';
import { decodedParts, inLines, isTagged, tag } from './decoded.ts';

const pieces = [
  ...[
    'a',
    'word',
    ' ',
    '  ',
    '\t',
    '\n',
    '\r\n',
    '\r',
    '\n\n',
    '.',
    '--',
    '-- ',
    '--b',
    '--b--',
    '\n--b\n',
    '\n--b--\n',
  ],
  ...[
    '\xe9',
    '\0',
    '=',
    '=\n',
    '= \n',
    '=3D',
    '=E',
    '=20',
    '<b>',
    '</body>',
    '</BODY',
    '</html>',
    '\x1b(B',
    'From ',
  ],
  ...['</bo=\ndy>', '=3C/body>', 'x'.repeat(80), '\xff\xfe', '!DSPAM:1!'],
];
const soup = fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map((list) => list.join(''));

/** Text as decoders agree on: no lone CR, no trailing blanks. */
const text = fc
  .array(
    fc.constantFrom(
      'a',
      'word ',
      '\n',
      '\n\n',
      '--',
      '\xe9',
      '=',
      '<b>',
      '</body>',
      '</html>',
      'x'.repeat(80),
    ),
    {
      maxLength: 12,
    },
  )
  .map((list) => `${list.join('').replaceAll(/ +(?=\n|$)/g, '')}.`);

const types = fc.constantFrom(
  'text/plain',
  'text/html',
  'text/plain; format=flowed',
  'text/html; charset=utf-8',
);

function quotedPrintable(plain: string): string {
  const lines = plain.split('\n').map((line) => {
    const escaped = Array.from(line, (one) => (/[=\x80-\xff]/.test(one) ? `=${hex(one)}` : one));
    return inChunks(escaped, 20).join('=\n');
  });
  return lines.join('\n');
}

function hex(one: string): string {
  return one.charCodeAt(0).toString(16).toUpperCase();
}

function inChunks(words: readonly string[], size: number): string[] {
  return Array.from({ length: Math.ceil(words.length / size) }, (_, at) =>
    words.slice(at * size, (at + 1) * size).join(''),
  );
}

const encoders: Readonly<Record<string, (plain: string) => string>> = {
  '8bit': (plain) => plain,
  'quoted-printable': quotedPrintable,
  base64: (plain) => inLines(Buffer.from(plain, 'latin1').toString('base64'), 60).join('\n'),
};

interface Leaf {
  readonly type: string;
  readonly encoding: string;
  readonly text: string;
  readonly attached: boolean;
}

const leaf: fc.Arbitrary<Leaf> = fc.record({
  type: types,
  encoding: fc.constantFrom(...Object.keys(encoders)),
  text,
  attached: fc.boolean(),
});

function written({ type, encoding, text: plain, attached }: Leaf): string {
  const disposition = attached ? 'Content-Disposition: attachment\n' : '';
  const body = encoders[encoding]?.(plain) ?? '';
  return `Content-Type: ${type}\nContent-Transfer-Encoding: ${encoding}\n${disposition}\n${body}`;
}

const crlf = (message: string): string => message.replaceAll(/\r?\n/g, '\r\n');

/** Takes out again what edits put in, knowing only their places. */
function undone(
  out: Buffer,
  input: Buffer,
  edits: readonly { start: number; end: number; bytes: Uint8Array }[],
): Buffer {
  const back: Buffer[] = [];
  let at = 0;
  let from = 0;
  for (const { start, end, bytes } of edits) {
    back.push(out.subarray(at, at + start - from), input.subarray(start, end));
    at += start - from + bytes.length;
    from = end;
  }
  return Buffer.concat([...back, out.subarray(at)]);
}

describe('footers', () => {
  test('well-formed mail: each text part decodes to what it was and the tag', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(leaf, { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        fc.boolean(),
        async (leaves, wide, closed) => {
          const parts = leaves.map((one) => `--=_b\n${written(one)}\n`).join('');
          const lf = `From a@b x\nContent-Type: multipart/mixed; boundary="=_b"\n\n${parts}${closed ? '--=_b--' : ''}`;
          const input = Buffer.from(wide ? crlf(lf) : lf, 'latin1');
          const edits = await footerEdits(input, { tag, complete: true });
          const before = (await decodedParts(input)) ?? [];
          const after = (await decodedParts(Buffer.concat(applyEdits(input, edits)))) ?? [];
          expect(after).toHaveLength(leaves.length + 1);
          for (const [index, one] of leaves.entries()) {
            const original = before[index + 1];
            const result = after[index + 1];
            expect(result?.fields).toBe(original?.fields);
            if (one.attached) expect(result?.text).toBe(original?.text);
            else expect(isTagged(result?.text ?? '', original?.text ?? '')).toBe(true);
          }
          expect(edits).toHaveLength(leaves.filter(({ attached }) => !attached).length);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('any mail: bytes outside the edits stay, edits only put in but for base64, the parts stay the same', async () => {
    await fc.assert(
      fc.asyncProperty(
        types,
        fc.constantFrom('', '7bit', 'quoted-printable', 'base64', 'x-other'),
        soup,
        soup,
        fc.boolean(),
        fc.boolean(),
        async (type, encoding, body, rest, many, complete) => {
          const fields = `Content-Type: ${type}\nContent-Transfer-Encoding: ${encoding}\n\n${body}`;
          const message = many
            ? `Content-Type: multipart/mixed; boundary=b\n\n--b\n${fields}\n--b\n${fields}${rest}\n--b--\n${rest}`
            : fields;
          const input = Buffer.from(message, 'latin1');
          const edits = await footerEdits(input, { tag, complete });
          const out = Buffer.concat(applyEdits(input, edits));
          expect(undone(out, input, edits).equals(input)).toBe(true);
          if (encoding !== 'base64') {
            for (const { start, end, bytes } of edits) {
              expect(end).toBe(start);
              expect(Buffer.from(bytes).toString('latin1')).toMatch(
                /^(?:=?\r?\n){1,3}!DSPAM:[\d,a-f]+!(?:\r?\n)?$/,
              );
            }
          }
          const before = await decodedParts(input);
          const after = await decodedParts(out);
          expect(after?.map((part) => part.fields)).toEqual(before?.map((part) => part.fields));
          const changed = before?.filter((part, index) => part.text !== after?.[index]?.text) ?? [];
          expect(changed).toHaveLength(edits.length);
          for (const [index, part] of before?.entries() ?? []) {
            const now = after?.[index]?.text ?? '';
            if (now !== part.text) expect(isTagged(now, part.text)).toBe(true);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('any base64: decoded, the text is what it was and the tag', async () => {
    await fc.assert(
      fc.asyncProperty(
        types,
        soup,
        fc.integer({ min: 1, max: 100 }),
        fc.constantFrom('', '\n', '\r\n', ' \n'),
        fc.constantFrom('\n', '\r\n', ' \n\n'),
        async (type, plain, width, end, fold) => {
          fc.pre(!plain.startsWith('\xff\xfe'));
          const encoded = Buffer.from(plain, 'latin1').toString('base64');
          const lines = inLines(encoded, width);
          const input = Buffer.from(
            `Content-Type: ${type}\nContent-Transfer-Encoding: base64\n\n${lines.join(fold)}${end}`,
          );
          const edits = await footerEdits(input, { tag, complete: true });
          expect(edits).toHaveLength(1);
          const [part] = (await decodedParts(Buffer.concat(applyEdits(input, edits)))) ?? [];
          expect(isTagged(part?.text ?? '', plain)).toBe(true);
        },
      ),
      { numRuns: 1000 },
    );
  });
});
