/** Hostile messages: read without an error, in time that grows with their length. */
import { describe, expect, test } from 'vitest';
import { fingerprint } from '../../src/message/fingerprint.ts';
import { readContent } from '../../src/message/read.ts';
import { splitMessage } from '../../src/message/split.ts';
import { findSignatures } from '../../src/message/tag.ts';
import { tortures, withCrlf } from '../torture.ts';

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
