/** DSPAM's programs beside the filter, on a user whose history gives the figures that were recorded. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { capture, masked, recording } from './capture.ts';
import { mail, numbered, signatureIn, Site, user } from './site.ts';

const site = new Site();
const spam = mail['spam1.eml'] ?? '';
const ham = mail['ham1.eml'] ?? '';
const bob = 'bob@example.org';
let number = 0;

/** A message that is not there yet arrives; its signature. */
function arrive(message: string, name = user): string {
  return signatureIn(site.run(['dspam', '--user', name, '--deliver=summary'], numbered(message, ++number)));
}

function feed(as: string, message: string): void {
  site.run(['dspam', '--user', user, `--class=${as}`, '--source=corpus'], numbered(message, ++number));
}

function correct(as: string, id: string): void {
  site.run(['dspam', '--user', user, `--class=${as}`, '--source=error', `--signature=${id}`]);
}

beforeAll(async () => {
  // Eleven from a collection of spam, one of innocent mail; of what arrived one was rightly spam, two wrongly, and one wrongly innocent.
  await site.begin();
  feed('innocent', ham);
  for (let n = 0; n < 11; n++) feed('spam', spam);
  arrive(spam);
  const wrong = [arrive(spam), arrive(spam)];
  const talk = `${ham}\nSomebody asked about viagra.\n`;
  arrive(talk);
  arrive(talk);
  for (let n = 0; n < 16; n++) arrive(ham);
  const missed = arrive(ham);
  for (const id of wrong) correct('innocent', id);
  correct('spam', missed);
  for (let n = 0; n < 3; n++) arrive(ham, bob);
});
afterAll(async () => {
  await site.end();
});

describe('before anything else', () => {
  site.equal('69-dump-token');
});

describe('dspam_stats', () => {
  site.equal('60-stats');
  site.equal('61-stats-H');
  site.equal('62-stats-S');
  site.equal('63-stats-s');
  test('after a snapshot -s counts from it', () => {
    site.run(['dspam_stats', '-r', user]);
    arrive(spam);
    expect(site.run(['dspam_stats', '-s', user]).stdout).toMatch(/TP: {5}1 TN: {5}0 FP: {5}0 FN: {5}0 /);
  });
  site.equal('73-stats-r');

  const whole = 'all users are listed, by their whole names, once';
  for (const name of ['64-stats-t', '65-stats-all', '66-stats-HS']) {
    site.differs(name, whole, () => {
      const outcome = site.again(name);
      expect(outcome).toMatchObject({ status: 0, stderr: '' });
      const names = outcome.stdout.split('\n').filter((line) => /^[^ ]/.test(line));
      const total = name === '65-stats-all' ? [] : ['TOTAL'];
      const colon = name === '66-stats-HS' ? ':' : '';
      expect(names.slice(0, 2).sort()).toEqual([`${bob}${colon}`, `${user}${colon}`]);
      expect(names.slice(2)).toEqual(total.map((one) => `${one}${colon}`));
      const shape = (text: string): string => text.replaceAll(/[\d.]+/g, '0').replaceAll(/ +/g, ' ');
      const block = (text: string, from: string): string => {
        const at = text.indexOf(`${from}${colon}\n`);
        return shape(
          text
            .slice(at)
            .split('\n')
            .slice(1, colon === '' ? 2 : 12)
            .join('\n'),
        );
      };
      expect(block(outcome.stdout, bob)).toBe(block(capture(name).stdout, 'bob'));
    });
  }
  site.differs('75-stats-help', 'help is no user, and all that is printed is how to call it', () => {
    const { status, stdout, stderr } = site.again('75-stats-help');
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain('dspam_stats takes [-HrsSt]');
  });
});

describe('dspam_dump', () => {
  site.differs('68-dspam_dump', 'in another order, of other messages', () => {
    const form = /^(\d+) *S: \d{5,} {2}I: \d{5,} {2}P: \d\.\d{4} LH: \w{3} \w{3} [ \d]\d [\d:]{8} \d{4}$/;
    const keys = (text: string): string[] =>
      text
        .trimEnd()
        .split('\n')
        .map((line) => {
          expect(line).toMatch(form);
          expect(line.indexOf('S: ')).toBe(21);
          return line.slice(0, 20).trimEnd();
        });
    const ours = keys(site.run(['dspam_dump', user]).stdout);
    expect(new Set(ours).size).toBe(ours.length);
    const both = keys(recording('68-dspam_dump')).filter((key) => ours.includes(key));
    expect(both.length).toBeGreaterThan(150);
  });
  site.differs('70-dump-sort', 'a wrong option is told as one', () => {
    expect(site.again('70-dump-sort')).toMatchObject({ status: 1, stdout: '' });
    const { stderr, status } = site.run(['dspam_dump', user, 'nowhere']);
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: `dspam_dump: ${capture('70-dump-sort').stderr}`,
    });
  });
  test('-d sqlite_drv prints statements', () => {
    const lines = site.run(['dspam_dump', '-d', 'sqlite_drv', user]).stdout.split('\n');
    expect(lines[0]).toMatch(
      /^insert into dspam_stats \(dspam_stat_id, spam_learned, innocent_learned, spam_misclassified, innocent_misclassified, spam_corpusfed, innocent_corpusfed, spam_classified, innocent_classified\) values\(0(?:, \d+){8}\)$/,
    );
    expect(lines).toContain(
      "insert into dspam_token_data(token, spam_hits, innocent_hits, last_hit) values('6625426497525293056', 13, 4, date('now'))",
    );
  });
});

describe('a user who learned one spam of a collection', () => {
  const other = 'one@example.org';
  const asOther = (word: string): string => (word === user ? other : word);
  beforeAll(() => {
    site.run(['dspam', '--user', other, '--class=spam', '--source=corpus'], spam);
    arrive(ham, other);
    arrive(ham, other);
  });
  site.equal('P8-pg-dump-token', asOther);
  site.differs('S3-sqlite-dump', 'the hits are those of the token', () => {
    expect(site.again('S3-sqlite-dump', asOther).stdout).toBe(capture('P8-pg-dump-token').stdout);
  });
  for (const name of ['P6-pg-stats', 'P6b-pg-stats']) {
    site.differs(name, 'all users of the site are listed', () => {
      const shown = site.again(name).stdout;
      expect(shown).toContain(`${other}\n    TP:     0 TN:     2 FP:     0 FN:     0 SC:     1 NC:     0\n`);
    });
  }
});

describe('the other programs', () => {
  site.equal('71-crc');
  site.equal('74-clean');
  site.differs('P12-pg-clean', 'signatures are not listed', () => {
    const { status, stdout } = site.again('P12-pg-clean');
    expect(status).toBe(0);
    const block = (name: string): string => capture('74-clean').stdout.replace(user, name);
    for (const name of [user, bob]) expect(stdout).toContain(block(name).split('\n').slice(1).join('\n'));
  });
  site.differs(
    'P9-pg-2sql',
    'there is no dspam_2sql; tamis export prints lines, and dspam_dump -d statements',
    () => {
      expect(site.place.run(['compat', 'install', site.place.path('bin')]).stdout).not.toContain('2sql');
    },
  );
  site.differs('P5-pg-retrain-by-other-user', 'a signature is good for its own user only', () => {
    const { status, stdout, stderr } = site.again('P5-pg-retrain-by-other-user');
    expect({ status, stdout }).toEqual({ status: 75, stdout: '' });
    expect(stderr).toContain('is unknown for "globalspam"');
  });

  test('dspam_merge adds up', () => {
    const { stdout, status } = site.run(['dspam_merge', user, bob, '-o', 'both@example.org']);
    expect(status).toBe(0);
    expect(stdout).toContain('both@example.org');
    expect(site.run(['dspam_dump', 'both@example.org', 'viagra']).stdout).toContain('S: 00013  I: 00004');
  });

  test('dspam_train judges and corrects', () => {
    for (const folder of ['spam', 'ham']) mkdirSync(site.place.path(folder));
    for (let n = 0; n < 8; n++) {
      writeFileSync(site.place.path('spam', `${n}`), numbered(spam, 1000 + n), 'latin1');
      writeFileSync(site.place.path('ham', `${n}`), numbered(ham, 2000 + n), 'latin1');
    }
    const { stdout, status } = site.run([
      'dspam_train',
      'new@example.org',
      site.place.path('spam'),
      site.place.path('ham'),
    ]);
    expect(status).toBe(0);
    const lines = stdout.split('\n').filter((line) => line.startsWith('[test: '));
    expect(lines).toHaveLength(16);
    expect(
      lines
        .filter((line) => line.startsWith('[test: nonspam] '))
        .every((line) => line.endsWith('result: PASS')),
    ).toBe(true);
    expect(lines.filter((line) => line.includes('FAIL (Innocent)')).length).toBeGreaterThan(0);
    expect(lines.filter((line) => line.startsWith('[test: spam   ] ')).at(-1)).toMatch(/result: PASS$/);
    expect(
      stdout
        .split('\n')
        .slice(-4)
        .map((line) => line.slice(0, 8)),
    ).toEqual(['new@exam', '    TP: ', '    SHR:', '']);
  });

  test('dspam --version says what scripts look for', () => {
    const { stdout, status } = site.run(['dspam', '--version']);
    expect(status).toBe(0);
    expect(stdout.startsWith('\nDSPAM Anti-Spam Suite 3.10.2 (agent/library)\n')).toBe(true);
    expect(stdout).toContain("Configuration parameters:  '--");
  });
});

describe('what other drivers of DSPAM wrote', () => {
  const fresh = new Site();
  beforeAll(async () => {
    await fresh.begin();
  });
  afterAll(async () => {
    await fresh.end();
  });
  const id = (text: string): string =>
    masked(text)
      .replace(/\b1,SIGNATURE/g, 'SIGNATURE')
      .replace(/1,(?=[0-9a-f]{8})/g, '');
  const unnumbered = 'signatures have no number of the user before them';
  fresh.differs(
    'P1-pg-first-classify',
    'a first --classify prints the line of a user who is not known',
    () => {
      expect(fresh.again('P1-pg-first-classify').stdout).toBe(capture('01-classify-unknown-user').stdout);
    },
  );
  fresh.differs('P2-pg-summary', unnumbered, () => {
    expect(masked(fresh.again('P2-pg-summary').stdout)).toBe(id(capture('P2-pg-summary').stdout));
  });
  fresh.equal('P3-pg-spam');
  fresh.equal('P3b-pg-classify-spam');
  fresh.differs('P4-pg-stdout', unnumbered, () => {
    expect(masked(fresh.again('P4-pg-stdout').stdout)).toBe(id(capture('P4-pg-stdout').stdout));
  });
  const sqlite = new Site();
  beforeAll(async () => {
    await sqlite.begin();
  });
  afterAll(async () => {
    await sqlite.end();
  });
  sqlite.equal('S1-sqlite-summary');
});
