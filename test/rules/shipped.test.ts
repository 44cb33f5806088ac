/** rules/ is what the generators print for an installation by `npm install -g`; `npx vitest run test/rules/shipped -u` writes it anew. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { RuleOptions } from '../../src/rules/options.ts';
import { ruleText } from '../../src/rules/rules.ts';
import { tamisFilter } from '../../src/rules/tamis-filter.ts';

const folder = join(import.meta.dirname, '../../rules');
const installed = '/usr/local/lib/node_modules/tamis';
const program = ['/usr/local/bin/tamis'];
const filter = `${installed}/rules/tamis-filter`;
const teacher = `${installed}/dist/tamis.js`;

const shipped: readonly (readonly [file: string, host: string, options: RuleOptions])[] = [
  ['tamis.maildrop', 'maildrop', { program }],
  ['tamis.procmailrc', 'procmail', { program }],
  ['tamis.qmail', 'qmail', { program }],
  ['tamis.sieve', 'sieve', { program: [filter] }],
  ['tamis-header.sieve', 'sieve', { program, via: 'lmtp' }],
  ['tamis-learn.sieve', 'imapsieve', { program: [teacher] }],
  ['tamis.dovecot', 'dovecot', { program: [filter, teacher] }],
  ['tamis.postfix', 'postfix', { program }],
  ['tamis.exim', 'exim', { program }],
];

test.each(shipped)('%s is what the generator of %s makes', async (file, host, options) => {
  await expect(ruleText(host, options)).toMatchFileSnapshot(join(folder, file));
});

test('tamis-filter is what its generator makes, and can be run', async () => {
  await expect(tamisFilter).toMatchFileSnapshot(join(folder, 'tamis-filter'));
  expect(statSync(join(folder, 'tamis-filter')).mode & 0o111).toBe(0o111);
});
