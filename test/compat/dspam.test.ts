/**
 * The command lines of DSPAM's filter, in the order in which they were recorded, against what DSPAM wrote. Equal but for signatures and dates, unless
 * the name of a test says why not.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { capture, numberless } from './capture.ts';
import { mail, numbered, signatureIn, Site, user } from './site.ts';

const site = new Site();
beforeAll(async () => {
  await site.begin({ daemon: true });
});
afterAll(async () => {
  await site.end();
});

const once = 'a message that was learned is not learned again';
const loud = 'it says on stderr what is wrong, and no host takes 75 for a bounce';

describe('the first messages of a user', () => {
  site.equal('01-classify-unknown-user');
  site.equal('02-summary-first');
  site.equal('03-classify-after');
  site.equal('04-train-spam-corpus');
  site.equal('05-train-innocent-corpus');
  site.alike('06-classify-spam', once);
  site.alike('07-stdout-ham', once);
  site.alike('08-stdout-flag', once);
});

describe('dspamc, by the daemon', () => {
  site.alike('10c-classify', once);
  site.alike('11c-summary', once);
  site.equal('12c-train');
  site.alike('13c-stdout', once);
  site.alike('14c-stdout2', once);
  site.alike('15c-twousers', once);
  site.differs('15d-twousers-stdout', 'the second message has no X-Daemon-Classification', () => {
    const { stdout, status } = capture('15d-twousers-stdout');
    const outcome = site.again('15d-twousers-stdout');
    const wanted = numberless(stdout.replace('X-Daemon-Classification: INNOCENT\n', ''));
    expect({ ...outcome, stdout: numberless(outcome.stdout) }).toEqual({
      stdout: wanted,
      stderr: '',
      status,
    });
  });
  site.equal('16c-nodeliver');
  site.differs('17c-dot', 'a lone dot ends nothing', () => {
    const { stdout, status } = site.again('17c-dot');
    expect(status).toBe(0);
    expect(stdout.startsWith(numberless(capture('17c-dot').stdout).split('X-DSPAM')[0] ?? '')).toBe(true);
    expect(
      stdout.endsWith('\n\nline one\n.\nline after dot\n..two dots\n.leading dot text\nlast line\n'),
    ).toBe(true);
  });
});

describe('spam', () => {
  let id = '';
  beforeAll(() => {
    const corpus = ['dspam', '--user', user, '--class=spam', '--source=corpus'];
    for (let i = 0; i < 10; i++) site.run(corpus, numbered(mail['spam1.eml'] ?? '', i));
  });
  site.alike('20-classify-spam', once);
  test(`21-process-spam-stdout; other numbers: ${once}`, () => {
    const outcome = site.again('21-process-spam-stdout');
    id = signatureIn(outcome);
    expect(numberless(outcome.stdout)).toBe(numberless(capture('21-process-spam-stdout').stdout));
  });
  site.equal('22-process-spam-quarantine');
  test('what 22 does not deliver is in the quarantine', () => {
    const kept = site.quarantine();
    expect(kept).toHaveLength(1);
    expect(kept[0]).toContain('X-DSPAM-Result: Spam\n');
  });
  site.differs('18c-spam-innocentonly-stdout', 'spam that is kept is no failure', () => {
    const name = '18c-spam-innocentonly-stdout';
    const { words } = capture(name);
    const outcome = site.run(
      words.map((word) => (word === 'q@example.org' ? user : word)),
      mail['spam1.eml'] ?? '',
    );
    expect(outcome).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(site.quarantine()).toHaveLength(2);
  });
  const bySignature = (word: string): string => word.replace(/(?<=--signature=).*/, id);
  site.equal('23-retrain-sig-innocent', bySignature);
  site.equal('24-retrain-sig-again-stdout', bySignature);
  test('retraining twice counts once', () => {
    const stats = (): string => site.run(['dspam_stats', user], '').stdout;
    const before = stats();
    site.again('23-retrain-sig-innocent', bySignature);
    expect(stats()).toBe(before);
  });
  site.differs('25-retrain-badsig', loud, () => {
    const { status, stdout, stderr } = site.again('25-retrain-badsig');
    expect({ status, stdout }).toEqual({ status: 75, stdout: '' });
    expect(stderr).toContain('The signature "deadbeef" is unknown');
  });
  site.differs('26-retrain-by-header', 'X-DSPAM fields of the message are taken out', () => {
    const { words, stdout } = capture('26-retrain-by-header');
    const judged = site.run(['dspam', '--user', user, '--deliver=stdout'], mail['ham1.eml'] ?? '').stdout;
    const outcome = site.run(words, judged);
    const forged = /^X-DSPAM-(?!Reclassified)[^\n]*\n/gm;
    expect(outcome).toEqual({ status: 0, stdout: stdout.replace(forged, ''), stderr: '' });
  });
  site.differs('27-retrain-nosig', 'the message itself is learned, and delivered', () => {
    const { status, stdout } = site.again('27-retrain-nosig');
    expect(status).toBe(0);
    expect(stdout).toContain('\nX-DSPAM-Reclassified: Spam\n');
  });
  site.differs('33-help', 'it lists what tamis takes', () => {
    const { status, stdout, stderr } = site.again('33-help');
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
    expect(stderr.startsWith(capture('33-help').stderr.slice(0, 'Syntax: dspam ['.length))).toBe(true);
  });
});
