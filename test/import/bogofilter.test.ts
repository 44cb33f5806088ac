/** `tamis import bogofilter`, with what the real bogofilter has learned. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { advertisement, mail } from '../cli/mail.ts';
import { Place } from '../cli/tamis.ts';
import { describeWith } from '../peers.ts';

let place: Place;
beforeAll(() => {
  place = new Place();
});
afterAll(() => {
  place.remove();
});

const judge = ['--set=engine=dspam', '--set=tokenizer=word', '--user=joe', '--classify'];

describeWith(['bogofilter', 'bogoutil'], (bogofilter, bogoutil) => {
  test('its words judge at once', () => {
    const folder = place.path('bogofilter');
    mkdirSync(folder);
    for (let n = 0; n < 20; n++) {
      spawnSync(bogofilter, ['-d', folder, '-s'], { input: advertisement(`s${n}`) });
      spawnSync(bogofilter, ['-d', folder, '-n'], { input: mail({ id: `h${n}` }) });
    }
    const list = spawnSync(bogoutil, ['-d', `${folder}/wordlist.db`]).stdout;
    writeFileSync(place.path('words'), list);
    const { status, stdout, stderr } = place.run([
      'import',
      'bogofilter',
      '--from',
      place.path('words'),
      '--user=joe',
    ]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('20 spam and 20 innocent messages learned');
    expect(place.run(judge, { stdin: advertisement('new') }).stdout).toContain('result="Spam"');
    expect(place.run(judge, { stdin: mail({ id: 'new' }) }).stdout).toContain('result="Innocent"');
  });
});

describe('a list of words', () => {
  test.each([
    ['Cheap 1\n', 'words, line 1: '],
    ['.MSG_COUNT 1 1 20261123\nCheap 1 x 20261123\n', 'words, line 2: '],
    ['Cheap 1 0 20261123\n', 'words: The list has no line .MSG_COUNT'],
  ])('%j is an error with the line', (words, what) => {
    writeFileSync(place.path('words'), words);
    const outcome = place.run(['import', 'bogofilter', '--from', place.path('words'), '--user=kim']);
    expect(outcome).toMatchObject({ status: 66, stdout: '' });
    expect(outcome.stderr).toContain(what);
  });

  test('needs a user', () => {
    expect(place.run(['import', 'bogofilter', '--from', place.path('words')]).status).toBe(64);
  });
});

test('a backup of SpamAssassin is refused with what to do instead', () => {
  const outcome = place.run(['import', 'spamassassin', '--from', place.path('words'), '--user=kim']);
  expect(outcome).toMatchObject({ status: 66, stdout: '' });
  expect(outcome.stderr).toContain('tamis train');
});
