/** The commands that only look, and those that tidy up. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { advertisement, mail } from './mail.ts';
import { Place, utf8 } from './tamis.ts';

let place: Place;
beforeAll(() => {
  place = new Place();
  place.run(['--user=joe', '--class=spam', '--source=error'], { stdin: advertisement('s') });
  place.run(['--user=joe', '--class=innocent', '--source=corpus'], { stdin: mail({ id: 'h' }) });
  place.run(['--user=joe', '--deliver=stdout', '--mode=toe'], { stdin: mail({ id: 'seen' }) });
});
afterAll(() => {
  place.remove();
});

const totals = {
  spamLearned: 1,
  innocentLearned: 1,
  spamMisclassified: 1,
  innocentMisclassified: 0,
  spamCorpusfed: 0,
  innocentCorpusfed: 1,
  spamClassified: 0,
  innocentClassified: 1,
};

describe('tamis stats', () => {
  test("--json has DSPAM's totals as numbers", () => {
    const { stdout, status, stderr } = place.run(['stats', '--user=joe', '--json']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const stats = JSON.parse(stdout) as Record<string, unknown>;
    expect(stats).toMatchObject(totals);
    expect(stats['featureBytes']).toBeGreaterThan(0);
    expect(stats['noteBytes']).toBeGreaterThanOrEqual(0);
  });

  test('prints the same for a person', () => {
    const { stdout } = place.run(['stats', '--user', 'JOE']);
    expect(stdout).toMatch(/^spam learned +1$/m);
    expect(stdout).toMatch(/^innocent classified +1$/m);
  });

  test('of an unknown user is an error that says what to do', () => {
    const outcome = place.run(['stats', '--user=kim', '--json']);
    expect(outcome).toMatchObject({ status: 64, stdout: '' });
    expect(outcome.stderr).toMatch(
      /^tamis: There is no user "kim" in .*; train one, or: tamis users add NAME\.\n$/,
    );
  });

  test('without a user is an error', () => {
    const outcome = place.run(['stats']);
    expect(outcome).toMatchObject({ status: 64, stdout: '' });
    expect(outcome.said).toHaveLength(1);
  });
});

describe('tamis explain', () => {
  interface Explained {
    readonly user: string;
    readonly known: boolean;
    readonly result: string;
    readonly probability: number;
    readonly scores: Record<string, number>;
    readonly threshold: number;
    readonly reasons: readonly { kind: string; name: string; weight: number }[];
  }
  const explained = (...args: string[]): Explained =>
    JSON.parse(
      place.run(['explain', '--json', ...args], { stdin: advertisement('why') }).stdout,
    ) as Explained;

  test('--json names the reasons, strongest first', () => {
    const { user, known, result, scores, threshold, reasons } = explained('--user=Joe');
    expect({ user, known, result }).toEqual({
      user: 'joe',
      known: true,
      result: expect.stringMatching(/^(?:Spam|Innocent)$/) as string,
    });
    expect(Object.keys(scores)).toEqual(expect.arrayContaining(['header', 'text', 'pairs', 'total']));
    expect(scores['total']).toBeGreaterThan(0);
    expect(threshold).toBeGreaterThan(0);
    expect(new Set(reasons.map(({ kind }) => kind))).toEqual(
      new Set(['header', 'fact', 'text', 'sender', 'pair']),
    );
    expect(reasons.map(({ name }) => name)).toContain('Cheap');
    const weights = reasons.map(({ weight }) => Math.abs(weight));
    expect(weights).toEqual(weights.toSorted((one, other) => other - one));
  });

  test('of an unknown user has no reasons', () => {
    expect(explained('--user=kim')).toMatchObject({ known: false, result: 'Innocent', reasons: [] });
    const { stdout } = place.run(['explain', '--user=kim'], { stdin: advertisement('why') });
    expect(stdout).toContain('None of its features is known.');
  });

  test('tells a person, and no control character of a sender reaches the terminal', () => {
    const stdin = advertisement('why').replace('Cheap', '\x1b[31mCheap\x07');
    const stdout = utf8(place.run(['explain', '--user=joe'], { stdin }).stdout);
    expect(stdout).toMatch(/^(?:Spam|Innocent): spam with probability [01]\.\d{4}, confidence [01]\.\d\d$/m);
    expect(stdout).toMatch(/^(?:Certain|Fairly sure|Unsure): the learners add up to [+-]\d/m);
    expect(stdout).toMatch(/; spam is more than \+\d\.\d\d\.$/m);
    for (const learner of ['header', 'text', 'pairs'])
      expect(stdout).toMatch(new RegExp(`^ +[+-]\\d+\\.\\d\\d [ █]{10}│[ █]{10} ${learner}$`, 'm'));
    expect(stdout).toMatch(/^ +\+\d\.\d\d +│█+ +text +\S/m);
    expect(stdout).toMatch(/^ +[+-]\d+\.\d\d of \d+ others together$/m);
    expect(stdout.replaceAll('\n', '')).not.toMatch(/\p{C}/u);
  });

  test('changes nothing', () => {
    const before = place.run(['stats', '--user=joe', '--json']).stdout;
    explained('--user=joe');
    expect(place.run(['stats', '--user=joe', '--json']).stdout).toBe(before);
  });

  test('without a message is an error', () => {
    const outcome = place.run(['explain', '--user=joe']);
    expect(outcome).toMatchObject({
      status: 66,
      stdout: '',
      stderr: 'tamis: There is no message on stdin.\n',
    });
  });
});

describe('tamis purge', () => {
  test('removes expired signatures, of one user or all', () => {
    expect(place.run(['purge', '--json']).stdout).toBe('{"users":1,"purged":0,"tokens":0}\n');
    expect(place.run(['purge', '--user=joe']).stdout).toBe(
      '0 expired signatures and 0 old tokens of 1 users removed\n',
    );
    expect(place.run(['purge', '--user=kim'])).toMatchObject({ status: 64, stdout: '' });
  });
});

describe('options', () => {
  test('common ones may stand before the command, whatever is on stdin', () => {
    const { stdout, status } = place.run(['--home', place.home, 'stats', '--user=joe', '--json'], {
      stdin: mail({ id: 'any' }),
    });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject(totals);
  });

  test('the last one counts, as for the filter', () => {
    const { stdout } = place.run([
      'stats',
      '--user=kim',
      '--home=/nowhere',
      '--user',
      'joe',
      '--home',
      place.home,
      '--json',
    ]);
    expect(JSON.parse(stdout)).toMatchObject(totals);
  });

  test('a value may begin with -', () => {
    expect(place.run(['stats', '--user', '-kim']).stderr).toMatch(/There is no user "-kim" in/);
  });

  test.each([['--home='], ['--home', ''], ['--config='], ['--set'], ['--user']])(
    '%s %s without a value',
    (...args) => {
      expect(place.run(['stats', '--user=joe', ...args])).toMatchObject({ status: 64, stdout: '' });
    },
  );
});

describe('help', () => {
  test.each([
    [['--help']],
    [['-h']],
    [['train', '--help']],
    [['evaluate', '--help']],
    [['explain', '--help']],
    [['stats', '--help']],
    [['users', '--help']],
    [['purge', '--help']],
  ])('%j prints on stdout', (args) => {
    const { stdout, stderr, status } = place.run(args);
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    expect(stdout).toMatch(/--home/);
    expect(stdout).toMatch(/^tamis/);
  });

  test('--version', () => {
    expect(place.run(['--version']).stdout).toBe(`${manifest.version}\n`);
  });
});
