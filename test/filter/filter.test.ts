/** The filter within one process, from a file to a file. */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Edit } from '../../src/filter/edit.ts';
import { filterMessage, type FilterOptions } from '../../src/filter/filter.ts';
import { headerLines } from '../../src/filter/headers.ts';
import { Input, type Prefix } from '../../src/filter/input.ts';
import { Passage } from '../../src/filter/passage.ts';
import type { Verdict } from '../../src/judge/verdict.ts';
import { log } from '../../src/log.ts';

vi.mock('../../src/log.ts', { spy: true });

const verdict: Verdict = {
  user: 'u',
  result: 'Innocent',
  probability: 0.01,
  confidence: 0.9,
  signature: 'id',
  at: new Date(2026, 0, 1),
};
const lines = headerLines(verdict);
const judge: FilterOptions['judge'] = () => Promise.resolve(verdict);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tamis-filter-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  vi.mocked(log).mockReset();
});

interface Outcome {
  readonly status: number;
  readonly again: number;
  readonly out: string;
}

async function filtered(message: string, options: Partial<FilterOptions>): Promise<Outcome> {
  const [from, to] = [join(folder, 'in'), join(folder, 'out')];
  writeFileSync(from, message, 'latin1');
  const fd = openSync(from, 'r');
  const passage = new Passage({
    input: new Input(fd),
    deliver: { kind: 'stdout' },
    onError: 'pass',
    output: openSync(to, 'w'),
  });
  const status = await filterMessage(passage, { judge, deadlineMs: 1000, prefixBytes: 4096, ...options });
  const again = passage.unjudged(new Error('a second ending'));
  closeSync(fd);
  return { status, again, out: readFileSync(to, 'latin1') };
}

describe('a message', () => {
  test('of any size goes through a prefix of any size', async () => {
    const field = fc.constantFrom('A: 1\n', 'B: 2\n 3\n', `C: ${'x'.repeat(3000)}\n`);
    const forged = fc.constantFrom('X-DSPAM-Result: Spam\n', `x-dspam-a : 1\n ${'y'.repeat(70_000)}\n`);
    const fields = fc.array(fc.oneof(field, forged), { maxLength: 20 });
    const body = fc.string({ unit: fc.constantFrom('a', '\n', '\0', '\xff', '\r\n', 'z'.repeat(9000)) });
    await fc.assert(
      fc.asyncProperty(
        fields,
        body,
        fc.integer({ min: 1, max: 100_000 }),
        async (block, text, prefixBytes) => {
          const kept = block.filter((part) => !part.toLowerCase().startsWith('x-dspam')).join('');
          const message = `${block.join('')}\n${text}`;
          const { status, out } = await filtered(message, { prefixBytes });
          expect(status).toBe(0);
          expect(out === `${kept}${lines}\n${text}`).toBe(true);
        },
      ),
      { numRuns: 200 },
    );
  });

  test.each([4095, 4096, 4097])('that is all header, of %d bytes, with a prefix of 4096', async (length) => {
    const message = `${'A: 1\n'.repeat(800)}B: `.padEnd(length, 'x');
    const { out } = await filtered(message, {});
    const at = message.indexOf('B: ');
    const whole = length <= 4096;
    expect(out).toBe(whole ? message.slice(0, at) + lines + message.slice(at) : message);
    expect(vi.mocked(log)).toHaveBeenCalledTimes(whole ? 0 : 1);
  });

  test('ends once', async () => {
    const { status, again, out } = await filtered('A: 1\n\nbody', {});
    expect([status, again]).toEqual([0, 0]);
    expect(out).toBe(`A: 1\n${lines}\nbody`);
    expect(vi.mocked(log)).not.toHaveBeenCalled();
  });

  test('gets footers where they are to be', async () => {
    const footer = ({ bytes }: Prefix, { signature }: Verdict): Promise<readonly Edit[]> => {
      const end = bytes.indexOf('--');
      return Promise.resolve([{ start: end, end, bytes: Buffer.from(`!${signature ?? ''}!\n`) }]);
    };
    const { out } = await filtered('X-Dspam-A: 1\nA: 1\n\ntext\n--b', { footer });
    expect(out).toBe(`A: 1\n${lines}\ntext\n!id!\n--b`);
  });

  test('passes unjudged if its verdict cannot be written', async () => {
    const broken = { ...verdict, at: undefined } as unknown as Verdict;
    const { status, out } = await filtered('A: 1\n\nbody', { judge: () => Promise.resolve(broken) });
    expect([status, out]).toEqual([0, 'A: 1\n\nbody']);
    expect(vi.mocked(log)).toHaveBeenCalledTimes(1);
  });

  test('passes unjudged if the judge throws at once', async () => {
    const { status, out } = await filtered('A: 1\n\nbody', {
      judge: () => {
        throw new RangeError('Array buffer allocation failed');
      },
    });
    expect([status, out]).toEqual([0, 'A: 1\n\nbody']);
  });
});
