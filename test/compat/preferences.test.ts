/** DSPAM's preferences and its quarantine, by its own program and by tamis. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { capture, numberless } from './capture.ts';
import { mail, numbered, signatureIn, Site, user, type Outcome } from './site.ts';

const site = new Site();
const ham = mail['ham1.eml'] ?? '';
const spam = mail['spam1.eml'] ?? '';
const prefs = (...words: string[]): { status: number | null; stdout: string; stderr: string } =>
  site.place.run(['prefs', ...words, `--user=${user}`]);
const out = ['dspam', '--user', user, '--deliver=stdout'];

function teach(name: string): void {
  for (const [as, message] of [
    ['spam', spam],
    ['innocent', ham],
  ] as const) {
    const corpus = ['dspam', '--user', name, '--source=corpus', `--class=${as}`];
    for (let n = 0; n < 6; n++) site.run(corpus, numbered(message, n));
  }
}

beforeAll(async () => {
  await site.begin({ daemon: true });
  teach(user);
});
afterAll(async () => {
  await site.end();
});

describe('dspam_admin', () => {
  site.equal('40-admin-add');
  site.equal('41-admin-ch');
  site.equal('42-admin-list');
  site.equal('43-admin-agg');
  test('what was added is in force', () => {
    const outcome = site.run(out, numbered(spam, 30)).stdout;
    expect(outcome).toContain('\nX-DSPAM-Factors: ');
    expect(outcome).toContain('\n!DSPAM:');
  });
  test('what means nothing here can be what it is anyhow, and nothing else', () => {
    const set = (value: string): Outcome =>
      site.run(['dspam_admin', 'add', 'preference', user, 'makeCorpus', value]);
    const before = site.run(['dspam_admin', 'list', 'preference', user]).stdout;
    expect(set('off')).toEqual({ status: 0, stdout: 'operation successful.\n', stderr: '' });
    expect(set('on')).toMatchObject({ status: 1, stdout: '' });
    expect(site.run(['dspam_admin', 'list', 'preference', user]).stdout).toBe(before);
  });
  test('delete', () => {
    for (const name of ['signatureLocation', 'showFactors'])
      expect(site.run(['dspam_admin', 'delete', 'preference', user, name])).toMatchObject({
        status: 0,
        stdout: 'operation successful.\n',
      });
    expect(site.run(['dspam_admin', 'list', 'preference', user]).stdout).toBe('');
    expect(site.run(['dspam_admin', 'delete', 'preference', user, 'showFactors']).status).toBe(1);
  });
  test.each([
    ['add', 'preference', user, 'makeCorpus', 'on'],
    ['add', 'preference', user, 'spamAction', 'bounce'],
    ['add', 'preference', 'default', 'spamAction', 'tag'],
    ['add', 'preference', user],
    ['remove', 'preference', user],
    ['list'],
  ])('an error: %s %s %s %s %s', (...words) => {
    const { status, stdout, stderr } = site.run([
      'dspam_admin',
      ...words.filter((word) => typeof word === 'string'),
    ]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/^dspam_admin: .+\n$/);
  });
});

describe('tamis prefs', () => {
  test('set, get, list, unset', () => {
    expect(prefs('set', 'SHOWFACTORS', 'on')).toMatchObject({ status: 0, stdout: '' });
    expect(prefs('get', 'showFactors').stdout).toBe('on\n');
    expect(prefs('list').stdout).toContain('\nshowFactors=on\n');
    expect(JSON.parse(prefs('list', '--json').stdout)).toMatchObject({
      showFactors: true,
      spamAction: 'quarantine',
    });
    expect(prefs('unset', 'showFactors').status).toBe(0);
    expect(prefs('get', 'showFactors').stdout).toBe('off\n');
  });

  test('to look creates nobody', () => {
    site.place.run(['prefs', 'list', '--user=nobody']);
    site.run(['dspam_admin', 'aggregate', 'preference', 'nobody']);
    expect(site.place.run(['users', 'list']).stdout).not.toContain('nobody');
  });

  test('the site says which may be set', () => {
    site.settings('allowOverride = ["showFactors"]');
    const { status, stderr } = prefs('set', 'trainingMode', 'toe');
    expect(status).toBe(78);
    expect(stderr).toContain('trainingMode is for the site to set');
    site.settings('');
    prefs('set', 'spamAction', 'tag');
    site.settings('allowOverride = []');
    expect(prefs('get', 'spamAction').stdout).toBe('quarantine\n');
    site.settings('');
    expect(prefs('get', 'spamAction').stdout).toBe('tag\n');
    prefs('unset', 'spamAction');
  });

  test('the training mode of a user; the command line beats it', () => {
    prefs('set', 'trainingMode', 'NOTRAIN');
    expect(site.run(out, numbered(ham, 31)).stdout).not.toContain('X-DSPAM-Signature');
    expect(site.run([...out, '--mode=teft'], numbered(ham, 32)).stdout).toContain('X-DSPAM-Signature');
    prefs('unset', 'trainingMode');
  });
});

describe.each(['dspam', 'dspamc'])('spamAction, by %s', (program) => {
  const innocentOnly = [program, '--user', user, '--deliver=innocent', '--stdout'];
  const kept = (): number => {
    const { stdout } = site.place.run(['quarantine', 'list', `--user=${user}`, '--json']);
    return (JSON.parse(stdout) as unknown[]).length;
  };
  const number = program.length * 100;

  test('quarantine keeps what is not to go out', () => {
    const before = kept();
    expect(site.run(innocentOnly, numbered(spam, number))).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(kept()).toBe(before + 1);
    expect(site.run([program, ...out.slice(1)], numbered(spam, number + 1)).stdout).toContain(
      '\nSubject: Buy cheap viagra now!!!\n',
    );
  });

  test('90-spamAction-tag; the word stands before the subject, and the message goes out', () => {
    prefs('set', 'spamAction', 'tag');
    const before = kept();
    for (const words of [innocentOnly, [program, ...out.slice(1)]]) {
      const { stdout } = site.run(words, numbered(spam, number + 2));
      expect(stdout).toContain('\nSubject: [SPAM] Buy cheap viagra now!!!\n');
      expect(stdout).toContain('\nX-DSPAM-Result: Spam\n');
    }
    const ours = site.run([program, ...out.slice(1)], spam).stdout;
    const { stdout } = capture('90-spamAction-tag');
    expect(numberless(ours)).toBe(numberless(stdout.slice(0, stdout.indexOf('\n!DSPAM'))));
    expect(site.run([program, ...out.slice(1)], ours).stdout.match(/\[SPAM\]/g)).toHaveLength(1);
    prefs('set', 'spamSubject', '***');
    expect(site.run(innocentOnly, numbered(spam, number + 3)).stdout).toContain('\nSubject: *** Buy');
    const bare = numbered(spam, number + 4).replace(/^Subject: .*\n/m, '');
    expect(site.run(innocentOnly, bare).stdout.startsWith('Subject: ***\nReturn-Path: ')).toBe(true);
    expect(site.run(innocentOnly, numbered(ham, number + 5)).stdout).toContain('\nSubject: Meeting');
    expect(kept()).toBe(before);
    prefs('unset', 'spamSubject');
  });

  test('tagSpam and tagNonspam: what the site says', () => {
    mkdirSync(`${site.place.home}/txt`, { recursive: true });
    writeFileSync(`${site.place.home}/txt/msgtag.spam`, 'This is spam,\n\nsays the site.\n');
    const all = [program, ...out.slice(1)];
    const end = (message: string): string => message.slice(message.indexOf('\n\n'));
    prefs('set', 'tagSpam', 'on');
    const tagged = end(site.run(all, numbered(spam, number + 20)).stdout);
    expect(tagged).toBe(`${end(spam)}\nThis is spam,\n\nsays the site.\n`);
    expect(end(site.run(all, numbered(ham, number + 21)).stdout)).toBe(end(ham));
    prefs('set', 'tagNonspam', 'on');
    const { status, stdout } = site.run(all, numbered(ham, number + 22));
    expect({ status, body: end(stdout) }).toEqual({ status: 0, body: end(ham) });
    prefs('set', 'signatureLocation', 'message');
    expect(end(site.run(all, numbered(spam, number + 23)).stdout)).toContain('\nsays the site.\n!DSPAM:');
    for (const name of ['tagSpam', 'tagNonspam', 'signatureLocation']) prefs('unset', name);
  });

  test('deliver lets it out as it is', () => {
    prefs('set', 'spamAction', 'deliver');
    const { stdout } = site.run(innocentOnly, numbered(spam, number + 6));
    expect(stdout).toContain('\nSubject: Buy cheap viagra now!!!\n');
    expect(stdout).toContain('\nX-DSPAM-Result: Spam\n');
    prefs('unset', 'spamAction');
  });

  test('who has opted out gets mail as it came', () => {
    prefs('set', 'optOut', 'on');
    for (const message of [numbered(spam, number + 7), numbered(ham, number + 8)]) {
      const forged = `X-DSPAM-Result: Innocent\n${message}`;
      expect(site.run([...innocentOnly, '--on-error=defer'], forged)).toEqual({
        status: 0,
        stdout: message,
        stderr: '',
      });
    }
    expect(site.run([program, '--user', user, '--classify'], spam)).toEqual({
      status: 0,
      stdout: '',
      stderr: '',
    });
    prefs('unset', 'optOut');
  });
});

test('where users opt in, others get mail as it came', () => {
  site.settings('opt = "in"');
  expect(site.run(out, numbered(spam, 40)).stdout).toBe(numbered(spam, 40));
  prefs('set', 'optIn', 'on');
  expect(site.run(out, numbered(spam, 40)).stdout).toContain('\nX-DSPAM-Result: Spam\n');
  prefs('unset', 'optIn');
  site.settings('');
});

site.differs('89-trainPristine', 'a signature that is not kept is not written', () => {
  prefs('set', 'trainPristine', 'on');
  const { stdout } = capture('89-trainPristine');
  const unsigned = stdout.replace(/^X-DSPAM-Signature: .*\n/m, '');
  const factors = unsigned.indexOf('X-DSPAM-Factors');
  const expected = unsigned.slice(0, factors) + unsigned.slice(unsigned.indexOf('\n\n') + 1);
  // By now the sender is known.
  const judged = site.run([...out, '--set', 'enableWhitelist=off'], ham).stdout;
  expect(numberless(judged)).toBe(numberless(expected));
  expect(site.run(['dspam', '--user', user, '--class=spam', '--source=error'], judged).status).toBe(0);
  expect(site.run(['dspam', '--user', user, '--class=innocent', '--source=error'], judged).status).toBe(0);
  expect(site.run([...out, '--set', 'engine=tamis'], ham).stdout).not.toContain('X-DSPAM-Signature');
  prefs('unset', 'trainPristine');
});

describe('tamis quarantine', () => {
  const name = 'keeper@example.org';
  const quarantine = (...words: string[]): { status: number | null; stdout: string; stderr: string } =>
    site.place.run(['quarantine', ...words, `--user=${name}`]);
  const ids = (): string[] =>
    (JSON.parse(quarantine('list', '--json').stdout) as { id: string }[]).map(({ id }) => id);
  const keep = (n: number): void => {
    site.run(['dspam', '--user', name, '--deliver=innocent', '--stdout'], numbered(spam, n));
  };
  beforeAll(() => {
    teach(name);
  });

  test('list tells what is kept', () => {
    expect(quarantine('list')).toMatchObject({ status: 0, stdout: '' });
    keep(50);
    const [one] = JSON.parse(quarantine('list', '--json').stdout) as Record<string, unknown>[];
    expect(one).toMatchObject({
      subject: 'Buy cheap viagra now!!!',
      from: '"Cheap Pills" <offers@spam.invalid>',
    });
    expect(quarantine('list').stdout).toContain('Buy cheap viagra now!!!\n');
  });

  test('release learns, and gives the message as it was, less the verdict', () => {
    const [id = ''] = ids();
    const { stdout, status } = quarantine('release', id);
    expect(status).toBe(0);
    expect(stdout.replace('X-DSPAM-Reclassified: Innocent\n', '')).toBe(numbered(spam, 50));
    expect(site.run(['dspam_stats', name]).stdout).toContain('FP:     1 ');
    expect(ids()).toEqual([]);
    expect(quarantine('release', id)).toMatchObject({ status: 66, stdout: '' });
  });

  test('release into a Maildir, delete', () => {
    for (const part of ['tmp', 'new', 'cur']) mkdirSync(site.place.path('box', part), { recursive: true });
    teach('more@example.org');
    const more = (...words: string[]): string =>
      site.place.run(['quarantine', ...words, '--user=more@example.org']).stdout;
    for (let n = 60; n < 63; n++)
      site.run(['dspam', '--user', 'more@example.org', '--deliver=innocent', '--stdout'], numbered(spam, n));
    const [first = '', ...rest] = (JSON.parse(more('list', '--json')) as { id: string }[]).map(
      ({ id }) => id,
    );
    expect(rest).toHaveLength(2);
    expect(JSON.parse(more('delete', first, '--json'))).toEqual({ deleted: [first] });
    expect(site.place.run(['quarantine', 'release', '--all', '--user=more@example.org']).status).toBe(64);
    more('release', '--all', `--to=${site.place.path('box')}`);
    expect(readdirSync(site.place.path('box', 'new'))).toHaveLength(2);
    expect(JSON.parse(more('list', '--json'))).toEqual([]);
  });

  test('in the mailbox of the user, where the site says so', () => {
    const mailbox = site.place.path('mail', 'example.org', 'imap');
    for (const part of ['tmp', 'new', 'cur']) mkdirSync(`${mailbox}/${part}`, { recursive: true });
    teach('imap@example.org');
    site.settings(`quarantine = "${site.place.path('mail')}/%d/%n/.Quarantine"`);
    const only = ['dspam', '--user', 'imap@example.org', '--deliver=innocent', '--stdout'];
    site.run(only, numbered(spam, 70));
    expect(readdirSync(`${mailbox}/.Quarantine/new`)).toHaveLength(1);
    site.place.run(['quarantine', 'release', '--all', '--user=imap@example.org']);
    expect(readdirSync(`${mailbox}/.Quarantine/new`)).toHaveLength(0);
    expect(readdirSync(`${mailbox}/new`)).toHaveLength(1);
    // A name that would lead elsewhere.
    site.run(['dspam', '--user', '../x@../../y', '--deliver=innocent', '--stdout'], numbered(spam, 71));
    expect(readdirSync(site.place.path('mail'))).toEqual(['example.org']);
    site.settings('');
  });

  test('signatures of what is kept are good', () => {
    keep(80);
    const { stdout } = quarantine('list', '--json');
    expect(signatureIn({ status: 0, stdout, stderr: '' })).not.toBe('');
    expect(quarantine('delete', '--all').status).toBe(0);
    expect(ids()).toEqual([]);
  });
});
