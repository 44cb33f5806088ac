/** Every recorded run has a test by its name. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { captureNames } from './capture.ts';

const folder = new URL('.', import.meta.url);
const tests = readdirSync(folder)
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => readFileSync(new URL(file, folder), 'utf8'))
  .join('\n');

/** Recordings of dialogues are all played (dialogues.test.ts). */
test.each(captureNames.filter((name) => !name.endsWith('.dialogue')))('%s has a test', (name) => {
  expect(tests.includes(`'${name}'`)).toBe(true);
});
