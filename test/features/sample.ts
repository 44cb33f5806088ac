/** Windows for tests: made of a message, or of anything. */
import fc from 'fast-check';
import { limits, windowsOf, type Windows } from '../../src/features/windows.ts';
import type { Content } from '../../src/message/content.ts';

/** What a message says that has no parts but its text. */
export function contentOf(fields: Readonly<Record<string, string>>, text: string): Content {
  return {
    fields: Object.entries(fields).map(([name, value]) => ({ name, value })),
    text,
    aside: '',
    hidden: '',
    links: text.match(/https?:\/\/\S+/g) ?? [],
    addressed: [],
    parts: [
      {
        type: 'text/plain',
        charset: '',
        encoding: '',
        disposition: '',
        fileName: '',
        depth: 0,
        size: text.length,
      },
    ],
    marks: { zeroWidth: 0, bidi: 0, mixedScript: 0 },
    whole: true,
  };
}

/** The windows of a message. */
export function sample(fields: Readonly<Record<string, string>>, text: string): Windows {
  return windowsOf(contentOf(fields, text));
}

/** The facts of a message. */
export function facts(fields: Readonly<Record<string, string>>, text: string): string[] {
  return Buffer.from(sample(fields, text).facts)
    .toString()
    .split('\n')
    .filter((fact) => fact !== '');
}

/** Bytes with words in them. */
const bytes = (maxLength: number): fc.Arbitrary<Uint8Array> =>
  fc.oneof(
    fc.uint8Array({ maxLength }),
    fc
      .array(
        fc.constantFrom(
          'viagra',
          'the',
          ' ',
          '\n',
          'Subject: ',
          'é',
          '\0',
          '\x7f\xa0',
          '\nfrom domain: example.org\n',
        ),
        {
          maxLength: maxLength / 9,
        },
      )
      .map((words) => new Uint8Array(Buffer.from(words.join(''), 'utf8'))),
  );

/** Any windows. */
export const anyWindows: fc.Arbitrary<Windows> = fc.record({
  sender: bytes(limits.sender),
  route: bytes(limits.route),
  start: bytes(limits.start),
  end: bytes(limits.end),
  aside: bytes(limits.aside),
  facts: bytes(limits.facts),
});
