/** What the command lines of DSPAM's filter do when something is wrong, against what was recorded. */
import { writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { capture, masked } from './capture.ts';
import { mail, numbered, Site, user } from './site.ts';

const site = new Site('--set', 'serverPass.Relay1=secret');
beforeAll(async () => {
  await site.begin();
  for (const [as, name] of [
    ['spam', 'spam1.eml'],
    ['innocent', 'ham1.eml'],
    ['innocent', 'html.eml'],
  ] as const) {
    const corpus = ['dspam', '--user', user, '--source=corpus', `--class=${as}`];
    for (let n = 0; n < 6; n++) site.run(corpus, numbered(mail[name] ?? '', n));
  }
});
afterAll(async () => {
  await site.end();
});

/** The message that a recorded run was given. */
const given = (name: string): string => mail[capture(name).stdin] ?? '';

const loud = 'it says on stderr what is wrong, and 75 bounces nowhere';

describe('command lines', () => {
  for (const name of [
    '28-bad-class',
    '29-class-nosource',
    '30-nouser',
    '31-empty',
    '32-classify-class',
    '94c-badarg',
  ]) {
    site.differs(name, loud, () => {
      const { status, stdout, stderr } = site.again(name);
      expect({ status, stdout }).toEqual({ status: 75, stdout: '' });
      expect(stderr).toMatch(/^tamis: .+\n$/);
    });
  }

  const noAgent = 'there is no delivery agent, and --deliver=exec -- CMD is one';
  for (const name of ['A-lda-fail75', 'A-lda-fail75-two', 'A-lda-ok']) {
    site.differs(name, noAgent, () => {
      const { status, stdout, stderr } = site.again(name);
      expect({ status, stdout }).toEqual({ status: 75, stdout: '' });
      expect(stderr).toContain('--deliver=innocent,spam needs --stdout');
      expect(stderr).toContain('--deliver=exec -- CMD');
    });
  }

  const zero = 'the status tells whether it went well, whatever the verdict';
  for (const name of ['97-returncodes-spam', '97b-returncodes-ham']) {
    site.differs(name, zero, () => {
      const { status, stdout } = site.again(name);
      const verdict = (text: string): string => text.split('; probability')[0] ?? '';
      expect({ status, stdout: verdict(stdout) }).toEqual({
        status: 0,
        stdout: verdict(capture(name).stdout),
      });
    });
  }
});

describe('without a store', () => {
  beforeAll(() => {
    writeFileSync(site.place.path('file'), '');
    site.settings('', site.place.path('file'));
  });
  afterAll(() => {
    site.settings('');
  });
  site.differs('A-db-down', 'a line on stderr says why the message passes unjudged', () => {
    const { status, stdout, stderr } = site.again('A-db-down');
    expect({ status, stdout }).toEqual({ status: 0, stdout: capture('A-db-down').stdout });
    expect(stderr).toMatch(/^tamis: the message passes unjudged: .+\n$/);
  });
  site.differs('A-db-down-classify', loud, () => {
    const { status, stdout, stderr } = site.again('A-db-down-classify');
    expect({ status, stdout }).toEqual({ status: 75, stdout: '' });
    expect(stderr).toMatch(/^tamis: .+\n$/);
  });
  site.differs('A-baddriver', 'the message passes', () => {
    site.settings('store = "nonsense"');
    const { status, stdout, stderr } = site.again('A-baddriver');
    expect({ status, stdout }).toEqual({ status: 0, stdout: given('A-baddriver') });
    expect(stderr).toContain('nonsense');
  });
});

describe('a daemon that does not answer', () => {
  site.differs('96c-daemon-down', 'the message passes', () => {
    const { status, stdout, stderr } = site.again('96c-daemon-down');
    expect({ status, stdout }).toEqual({ status: 0, stdout: given('96c-daemon-down') });
    expect(stderr).toMatch(/^tamisc?: the message passes unjudged: .+\n$/);
  });
});

describe('a daemon', () => {
  beforeAll(async () => {
    await site.daemon.start();
  });
  site.differs('95c-badpass', loud, () => {
    const { status, stdout, stderr } = site.again('95c-badpass');
    expect({ status, stdout }).toEqual({ status: 75, stdout: '' });
    expect(stderr).toMatch(/^tamis.*\n$/);
  });

  describe.each([100, 200_000])('asked by dspamc about a message of %i bytes', (length) => {
    const classify = (): ReturnType<typeof site.run> =>
      site.run(
        ['dspamc', '--user', user, '--classify'],
        `${mail['ham1.eml'] ?? ''}${'x\n'.repeat(length / 2)}`,
      );
    afterEach(() => {
      site.settings('');
    });

    test.each([
      ['none', ''],
      ['a wrong one', '[serverPass]\nRelay1 = "guessed"'],
      ['one of another ident', '[serverPass]\nRelay2 = "secret"'],
    ])('lets in nobody whose configuration has %s', (_, settings) => {
      site.settings(settings);
      const { status, stdout, stderr } = classify();
      expect({ status, stdout }).toEqual({ status: 75, stdout: '' });
      expect(stderr).toContain('The daemon asks for a secret: ');
    });

    test('lets in whose configuration has its secret, as ClientIdent did', () => {
      site.settings('[serverPass]\nRelay1 = "secret"');
      expect(classify()).toMatchObject({ status: 0, stderr: '' });
      const status = site.place.run(['status', `--socket=${site.daemon.socket}`]);
      expect(status).toMatchObject({ status: 0, stderr: '' });
    });
  });
});

describe('a daemon that lets everybody in', () => {
  const open = new Site();
  beforeAll(async () => {
    await open.begin({ daemon: true });
    for (const [as, name] of [
      ['spam', 'spam1.eml'],
      ['innocent', 'ham1.eml'],
    ] as const) {
      const corpus = ['dspam', '--user', user, '--source=corpus', `--class=${as}`];
      for (let n = 0; n < 6; n++) open.run(corpus, numbered(mail[name] ?? '', n));
    }
  });
  afterAll(async () => {
    await open.end();
  });
  for (const name of ['97c-returncodes-dspamc', '97d-returncodes-dspamc-classify']) {
    open.differs(name, 'the status tells whether it went well, whatever the verdict', () => {
      const { status, stdout } = open.again(name);
      expect(status).toBe(0);
      expect(stdout).toMatch(/^X-DSPAM-Result: (?:Spam$|\S+; result="Spam")/m);
    });
  }
  open.equal('91c-retrain-nosig');
  open.differs(
    '92c-retrain-nosig-summary',
    'the message itself is learned, and the client does not wait',
    () => {
      const line = `X-DSPAM-Result: ${user}; result="Spam"; class="Spam"; probability=1.0000; confidence=0.00; signature=N/A\n`;
      expect(open.again('92c-retrain-nosig-summary')).toEqual({ status: 0, stdout: line, stderr: '' });
    },
  );
  open.differs('93c-retrain-sig', 'with the signature of a message that is known', () => {
    const { stdout } = open.run(
      ['dspam', '--user', user, '--deliver=summary'],
      numbered(mail['html.eml'] ?? '', 9),
    );
    const id = /signature=(\S+)/.exec(stdout)?.[1] ?? '';
    const outcome = open.again('93c-retrain-sig', (word) => word.replace(/(?<=--signature=).*/, id));
    expect(outcome).toEqual({ status: 0, stdout: '', stderr: '' });
  });
  open.differs('Z-final-check', 'other numbers', () => {
    const { status, stdout } = open.again('Z-final-check');
    expect(status).toBe(0);
    expect(stdout.split('; probability')[0]).toBe(capture('Z-final-check').stdout.split('; probability')[0]);
  });
});

describe('messages', () => {
  site.alike('A-mboxline', 'a user with another history');
  site.alike('A-nonl', 'a user with another history');
  site.differs('A-crlf', 'the lines added end as those of the message do', () => {
    const { status, stdout } = site.again('A-crlf');
    expect(status).toBe(0);
    expect(stdout.replaceAll('\r\n', '')).not.toContain('\n');
    const fields = (text: string): string[] => text.split(/\r?\n/).map((line) => line.split(': ')[0] ?? '');
    expect(fields(stdout)).toEqual(fields(capture('A-crlf').stdout));
  });
  site.differs('A-nul', 'nothing of the message is lost', () => {
    const { status, stdout } = site.again('A-nul');
    expect(status).toBe(0);
    expect(stdout.endsWith('\n\nbefore\0after\nnext line\n')).toBe(true);
  });
  site.differs('A-toobig', 'a message of any size is judged, by its beginning', () => {
    const { status, stdout } = site.again('A-toobig');
    expect(status).toBe(0);
    expect(masked(stdout)).toContain('\nX-DSPAM-Signature: SIGNATURE\n');
  });
  site.differs('A-toobig-summary', 'a message of any size is judged, by its beginning', () => {
    expect(site.again('A-toobig-summary').stdout).toMatch(/^X-DSPAM-Result: .*\n$/);
  });
});
