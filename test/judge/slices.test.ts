/** Bulk learning, slice by slice, leaves the store to mail that arrives meanwhile. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadConfig, type Config } from '../../src/config/load.ts';
import { learnAll, type Example } from '../../src/judge/bulk.ts';
import { readMessage } from '../../src/judge/reading.ts';
import { withKnownUser } from '../../src/judge/users.ts';
import { mail } from '../cli/mail.ts';

let home: string;
let config: Config;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'tamis-bulk-'));
  config = loadConfig({ home }, {});
});
afterAll(() => {
  rmSync(home, { recursive: true, force: true });
});

test('others get the store between two slices, within the deadline of a message', async () => {
  let finished = false;
  let learned = 0;
  async function* examples(): AsyncGenerator<Example> {
    for (let n = 0; n < 20 || judged < 2; n++) {
      const prefix = Buffer.from(mail({ id: `bulk-${n}` }));
      yield { reading: await readMessage(prefix), prefix, spam: n % 2 === 0 };
    }
  }
  let judged = 0;
  const learning = learnAll(config, 'joe', examples(), () => learned++).finally(() => (finished = true));
  while (learned === 0) await new Promise(setImmediate);
  for (; judged < 2; judged++) {
    const totals = await withKnownUser(config, 'joe', 5000, (store) => store.totals());
    expect(totals.spamLearned).toBeGreaterThan(0);
    expect(finished).toBe(false);
  }
  await learning;
  const totals = await withKnownUser(config, 'joe', 0, (store) => store.totals());
  expect(totals.spamLearned + totals.innocentLearned).toBe(learned);
});
