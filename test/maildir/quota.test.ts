/** The quota of Maildir++ and subscriptions: by themselves, and beside maildrop's deliverquota, Courier's own code, and Dovecot. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MaildirDelivery } from '../../src/maildir/delivery.ts';
import { removeMessage } from '../../src/maildir/move.ts';
import { emptyConfig, makeMaildir, must, node, run, tamis } from '../e2e/site.ts';
import { describeWith } from '../peers.ts';

let box = '';
let maildir = '';
beforeEach(() => {
  box = mkdtempSync(join(tmpdir(), 'tamis-quota-'));
  maildir = makeMaildir(join(box, 'Maildir'));
});
afterEach(() => {
  rmSync(box, { recursive: true });
});

const size = (): string => readFileSync(join(maildir, 'maildirsize'), 'utf8');
/** The sum of the lines. */
function sum(of = size()): [bytes: number, messages: number] {
  const lines = of.trimEnd().split('\n').slice(1);
  const figures = lines.map((line) => line.trim().split(/\s+/).map(Number));
  return [
    figures.reduce((all, [bytes = 0]) => all + bytes, 0),
    figures.reduce((all, [, count = 0]) => all + count, 0),
  ];
}
/** Whether a message was taken. */
function deliver(text: string, folder?: string): boolean {
  const delivery = MaildirDelivery.open(maildir, folder);
  writeSync(delivery.fd, text);
  try {
    delivery.commit();
    return true;
  } catch (error) {
    delivery.abort();
    expect(error).toMatchObject({ code: 'DELIVERY' });
    return false;
  }
}
const age = (minutes: number): void => {
  const then = Date.now() / 1000 - minutes * 60;
  utimesSync(join(maildir, 'maildirsize'), then, then);
};

test('a Maildir without the file, or whose file names no limit, has no quota, and gets none', () => {
  expect(deliver('x'.repeat(1000))).toBe(true);
  expect(existsSync(join(maildir, 'maildirsize'))).toBe(false);
  for (const first of ['', '0S,0C', 'NOQUOTA', 'S,C']) {
    writeFileSync(join(maildir, 'maildirsize'), `${first}\n1000 1\n`);
    expect(deliver('x')).toBe(true);
    expect(size()).toBe(`${first}\n1000 1\n`);
  }
});

test('each delivery adds a line, a removal takes it back, and what would be too much is refused and leaves nothing', () => {
  writeFileSync(join(maildir, 'maildirsize'), '100S,3C\n0 0\n');
  expect(deliver('x'.repeat(60))).toBe(true);
  expect(sum()).toEqual([60, 1]);
  expect(deliver('x'.repeat(41), '.Spam')).toBe(false);
  expect(deliver('x'.repeat(40), '.Spam')).toBe(true);
  expect(deliver('')).toBe(true);
  expect(deliver('')).toBe(false);
  expect(['new', 'tmp'].flatMap((part) => readdirSync(join(maildir, part)))).toHaveLength(2);
  const [name = ''] = readdirSync(join(maildir, '.Spam/new'));
  removeMessage(join(maildir, '.Spam/new', name));
  expect(sum()).toEqual([60, 2]);
});

test('the last line that says too much is believed while it is new and alone; else all is counted again', () => {
  const state = (lines: string): void => {
    writeFileSync(join(maildir, 'maildirsize'), `10S\n${lines}`);
  };
  state('10 1\n');
  expect(deliver('x')).toBe(false);
  age(16);
  expect(deliver('x')).toBe(true);
  expect(sum()).toEqual([1, 1]);
  state('5 1\n5 1\n');
  expect(deliver('x')).toBe(true);
  expect(sum()).toEqual([2, 2]);
  state('0 0\n'.repeat(2000));
  expect(deliver('x')).toBe(true);
  expect(size().length).toBeLessThan(100);
});

test('Trash and what is flagged T do not count, nor does what is still in tmp; names without a size are looked at', () => {
  for (const folder of ['.Trash', '.Spam', '.Mail.Old']) makeMaildir(join(maildir, folder));
  const put = (path: string, bytes: number): void => {
    writeFileSync(join(maildir, path), 'x'.repeat(bytes));
  };
  put('cur/1.a.host:2,S', 1);
  put('cur/2.a.host,S=10:2,ST', 10);
  put('.Trash/cur/3.a.host,S=100:2,S', 100);
  put('.Spam/new/4.a.host,S=1000', 3);
  put('.Mail.Old/cur/5.a.Train,W=9,S=20000:2,', 3);
  put('tmp/6.a.host', 100_000);
  put('.Spam/tmp/7.a.host', 100_000);
  writeFileSync(join(maildir, 'maildirsize'), '100000S\n999999 1\n', { mode: 0o640 });
  age(20);
  expect(deliver('')).toBe(true);
  expect(sum()).toEqual([21_001, 4]);
  expect(statSync(join(maildir, 'maildirsize')).mode & 0o777).toBe(0o640);
});

test('the filter asks to be tried again where the message has no room', () => {
  const file = join(box, 'message');
  writeFileSync(file, 'Subject: x\n\nbody\n');
  const env = { TAMIS_HOME: join(box, 'home'), TAMIS_CONFIG: emptyConfig(box) };
  const filter = [node, tamis, '--user', 'joe', `--deliver=maildir:${maildir}`];
  writeFileSync(join(maildir, 'maildirsize'), '1000S,1C\n0 0\n');
  expect(run(filter, { stdin: file, env }).status).toBe(0);
  const { status, stderr } = run(filter, { stdin: file, env });
  expect([status, stderr]).toEqual([
    75,
    expect.stringContaining('is full: its quota is 1000 bytes and 1 messages'),
  ]);
  expect(['new', 'tmp'].flatMap((part) => readdirSync(join(maildir, part)))).toHaveLength(1);
});

test('a file that cannot be read holds mail back, one that is a link is not written through', () => {
  mkdirSync(join(maildir, 'maildirsize'));
  expect(deliver('x')).toBe(false);
});

describe('a folder that is made is subscribed to', () => {
  const subscriptions = (): Record<string, string> =>
    Object.fromEntries(
      ['subscriptions', 'courierimapsubscribed']
        .filter((file) => existsSync(join(maildir, file)))
        .map((file) => [file, readFileSync(join(maildir, file), 'utf8')]),
    );

  test('once, in the file of the server that there is, or in both where there is none', () => {
    deliver('x', '.Mail.Sp&AOQ-m');
    deliver('x', '.Mail.Sp&AOQ-m');
    const both = {
      subscriptions: 'V\t2\n\nMail\tSp&AOQ-m\n',
      courierimapsubscribed: 'INBOX.Mail.Sp&AOQ-m\n',
    };
    expect(subscriptions()).toEqual(both);
    rmSync(join(maildir, 'courierimapsubscribed'));
    deliver('x', '.Other');
    expect(subscriptions()).toEqual({ subscriptions: `${both.subscriptions}Other\n` });
  });

  test.each([
    ['subscriptions', 'Old.Mail', 'Old.Mail\nA.B\n'],
    ['subscriptions', 'V\t2\n\nA\tB\n', 'V\t2\n\nA\tB\n'],
    ['courierimapsubscribed', '', 'INBOX.A.B\n'],
    ['courierimapsubscribed', 'INBOX.A.B\nINBOX.C\n', 'INBOX.A.B\nINBOX.C\n'],
  ])('in %s that holds %j', (file, before, after) => {
    writeFileSync(join(maildir, file), before);
    expect(deliver('x', '.A.B')).toBe(true);
    expect(subscriptions()).toEqual({ [file]: after });
  });

  test('and what cannot be written holds no mail back', () => {
    mkdirSync(join(maildir, 'subscriptions'));
    expect(deliver('x', '.Spam')).toBe(true);
  });
});

describeWith(['deliverquota'], (deliverquota) => {
  const name = fc.record({
    folder: fc.constantFrom('', '.Spam', '.Mail.Old', '.Trash'),
    part: fc.constantFrom('new', 'cur', 'tmp'),
    bytes: fc.integer({ min: 0, max: 60 }),
    said: fc.boolean(),
    flags: fc.constantFrom('', ':2,', ':2,S', ':2,ST', ':2,T'),
  });
  const state = fc.record({
    messages: fc.array(name, { maxLength: 8 }),
    quota: fc.constantFrom('100S', '100S,3C', '3C', '0S,2C', '1000S,1000C', '50S,0C'),
    lines: fc.array(fc.tuple(fc.integer({ min: -30, max: 60 }), fc.integer({ min: -1, max: 2 })), {
      minLength: 1,
      maxLength: 4,
    }),
    minutes: fc.constantFrom(0, 10, 20),
    long: fc.boolean(),
    message: fc.integer({ min: 1, max: 80 }),
  });

  test('what maildrop takes we take, what it refuses we refuse, and the file says the same afterwards', () => {
    const said = { taken: 0, refused: 0 };
    fc.assert(
      fc.property(state, ({ messages, quota, lines, minutes, long, message }) => {
        const theirs = join(box, 'theirs');
        for (const one of [maildir, theirs]) rmSync(one, { recursive: true, force: true });
        for (const folder of ['', '.Spam', '.Mail.Old', '.Trash']) {
          makeMaildir(join(maildir, folder));
          if (folder !== '') writeFileSync(join(maildir, folder, 'maildirfolder'), '');
        }
        for (const [at, { folder, part, bytes, said: inName, flags }] of messages.entries()) {
          const file = `${1000 + at}.M1P1.host${inName ? `,S=${bytes}` : ''}${part === 'cur' ? flags : ''}`;
          writeFileSync(join(maildir, folder, part, file), 'x'.repeat(bytes));
        }
        const text =
          lines.map(([bytes, count]) => `${bytes} ${count}\n`).join('') + (long ? '0 0\n'.repeat(1300) : '');
        writeFileSync(join(maildir, 'maildirsize'), `${quota}\n${text}`);
        age(minutes);
        const file = join(box, 'message');
        writeFileSync(file, 'x'.repeat(message));
        must(['/bin/cp', '-a', maildir, theirs]);
        const { status } = run([deliverquota, theirs], { stdin: file });
        expect([0, 77]).toContain(status);
        said[status === 0 ? 'taken' : 'refused'] += 1;
        expect(deliver('x'.repeat(message))).toBe(status === 0);
        const their = readFileSync(join(theirs, 'maildirsize'), 'utf8');
        expect(sum()).toEqual(sum(their));
        expect(size().split('\n')).toHaveLength(their.split('\n').length);
      }),
      { numRuns: 200 },
    );
    expect(Math.min(said.taken, said.refused)).toBeGreaterThan(20);
  });
});

describeWith(['dovecot-lda', 'doveadm', 'setpriv'], (lda, doveadm) => {
  const as = { uid: 64_227, gid: 64_227 };
  const env = (): Record<string, string> => ({ HOME: box, USER: 'joe', PATH: '/usr/bin:/bin' });
  const conf = (): string => join(box, 'dovecot.conf');
  beforeEach(() => {
    writeFileSync(
      conf(),
      `base_dir = ${box}/run
state_dir = ${box}/run
log_path = /dev/stderr
ssl = no
protocols =
first_valid_uid = 0
mail_location = maildir:~/Maildir
mail_plugins = quota
plugin {
  quota = maildir:User quota
}
`,
    );
  });
  /** Messages, as Dovecot says. */
  const used = (): number => {
    const { stdout } = must([doveadm, '-c', conf(), '-f', 'tab', 'quota', 'get'], { env: env(), as });
    return Number(stdout.split('\tMESSAGE\t')[1]?.split('\t')[0]);
  };
  const own = (): void => {
    must(['/bin/chown', '-R', `${as.uid}:${as.gid}`, box]);
  };

  test('Dovecot and we go on from each other, and count the same', () => {
    const file = join(box, 'message');
    writeFileSync(file, 'Subject: x\n\n');
    writeFileSync(join(maildir, 'maildirsize'), '100000S,5C\n0 0\n');
    own();
    const dovecots = (): number | null =>
      run([lda, '-c', conf(), '-e'], { stdin: file, env: env(), as }).status;
    expect(dovecots()).toBe(0);
    expect(deliver('Subject: y\n\n')).toBe(true);
    expect(deliver('Subject: z\n\n', '.Spam')).toBe(true);
    own();
    expect([used(), sum()[1]]).toEqual([3, 3]);
    const counted = sum();
    must([doveadm, '-c', conf(), 'quota', 'recalc'], { env: env(), as });
    expect(sum()).toEqual(counted);
    expect(dovecots()).toBe(0);
    expect(deliver('Subject: y\n\n')).toBe(true);
    own();
    expect(dovecots()).not.toBe(0);
    expect(deliver('Subject: y\n\n')).toBe(false);
    expect(sum()[1]).toBe(5);
  });

  test('Dovecot shows a folder that we have made and subscribed to', () => {
    expect(deliver('Subject: x\n\n', '.Mail.Sp&AOQ-m')).toBe(true);
    own();
    const { stdout } = must([doveadm, '-c', conf(), 'mailbox', 'list', '-s'], { env: env(), as });
    expect(Buffer.from(stdout, 'latin1').toString()).toContain('Mail.Späm\n');
  });
});
