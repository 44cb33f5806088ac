/**
 * The torture corpus: each `NNN.eml` says what is in `NNN.json`, also when its lines end in CRLF.
 *
 * A golden file that is missing is written when UPDATE_GOLDEN=1 is set; one that differs fails in any case.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { read, withCrlf } from './message.ts';

const folder = join(import.meta.dirname, '..', 'corpus');
const names = readdirSync(folder)
  .filter((name) => name.endsWith('.eml'))
  .map((name) => name.slice(0, -'.eml'.length))
  .sort();

test('there are messages', () => {
  expect(names.length).toBeGreaterThanOrEqual(50);
});

describe.each(names)('%s', (name) => {
  const message = readFileSync(join(folder, `${name}.eml`));
  const golden = join(folder, `${name}.json`);

  test('says what the golden file has', async () => {
    const content = await read(message);
    if (!existsSync(golden) && process.env['UPDATE_GOLDEN'] === '1') {
      writeFileSync(golden, `${JSON.stringify(content, undefined, 2)}\n`);
    }
    expect(existsSync(golden), `${golden} is missing; write it with UPDATE_GOLDEN=1`).toBe(true);
    expect(content).toEqual(JSON.parse(readFileSync(golden, 'utf8')));
  });

  test('says the same with CRLF', async () => {
    const [content, other] = await Promise.all([read(message), read(withCrlf(message))]);
    expect(other).toEqual(content);
  });
});
