import { deflateSync } from 'node:zlib';
import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { advertisement, field, mail, withCrlf, withoutOurs } from '../cli/mail.ts';
import { all, Daemon } from './daemon.ts';

let daemon: Daemon;
const stats = (user: string): Record<string, number> =>
  JSON.parse(daemon.place.run(['stats', `--user=${user}`, '--json']).stdout) as Record<string, number>;

beforeAll(async () => {
  daemon = new Daemon('--set', 'showFactors=true', '--set', 'workers=2');
  for (let n = 0; n < 12; n++) {
    daemon.place.run(['--user=joe', '--class=spam', '--source=corpus'], { stdin: advertisement(`s${n}`) });
    daemon.place.run(['--user=joe', '--class=innocent', '--source=corpus'], { stdin: mail({ id: `h${n}` }) });
  }
  await daemon.start();
});
afterAll(async () => {
  await daemon.remove();
});

describe('what spamd answers', () => {
  test('PING, SKIP, and what is no request', async () => {
    expect(await daemon.send(daemon.spamd, 'PING SPAMC/1.5\r\n\r\n')).toBe('SPAMD/1.5 0 PONG\r\n');
    expect(await daemon.send(daemon.spamd, 'SKIP SPAMC/1.5\r\n\r\n')).toBe('');
    expect(await daemon.send(daemon.spamd, '')).toBe('');
    expect(await daemon.send(daemon.spamd, 'EXPN root\r\n')).toMatch(
      /^SPAMD\/1\.\d 76 EX_PROTOCOL: Bad header line/,
    );
  });

  test('PROCESS: the message with our lines and without the forged ones, byte for byte', async () => {
    for (const message of [
      mail({ id: 'p' }),
      withCrlf(mail({ id: 'q' })),
      mail({ id: 'r', body: '\xe9\0\n.\n..\n' }),
    ]) {
      const forged = message.replace('Subject:', 'X-DSPAM-Result: Innocent\nSubject:');
      const { status, fields, body } = await daemon.ask('PROCESS', 'joe', forged);
      expect(status).toBe('SPAMD/1.1 0 EX_OK');
      expect(Number(fields['Content-length'])).toBe(body.length);
      expect(field(body, 'X-DSPAM-Result')).toBe('Innocent');
      expect(field(body, 'X-DSPAM-Signature')).toMatch(/^[\da-f]{24}$/);
      expect(withoutOurs(body)).toBe(message);
    }
  });

  test('the verdict is the one of the filter', async () => {
    for (const message of [mail({ id: 'same' }), advertisement('same too')]) {
      const line = daemon.place.run(['--user=joe', '--classify'], { stdin: message }).stdout;
      const { body } = await daemon.ask('PROCESS', 'joe', message);
      expect(line).toContain(`class="${field(body, 'X-DSPAM-Result') ?? ''}"`);
      expect(line).toContain(`probability=${field(body, 'X-DSPAM-Probability') ?? ''}`);
    }
  });

  test('CHECK, SYMBOLS and HEADERS agree with it', async () => {
    const spam = advertisement('check');
    const check = await daemon.ask('CHECK', 'joe', spam);
    expect(check.fields['Spam']).toMatch(/^True ; \d+\.\d \/ 5\.0$/);
    expect(Number(check.fields['Spam']?.split(' ')[2])).toBeGreaterThanOrEqual(5);
    const ham = await daemon.ask('SYMBOLS', 'joe', mail({ id: 'check' }));
    expect(ham.fields['Spam']).toMatch(/^False ; -?\d+\.\d \/ 5\.0$/);
    expect(Number(ham.fields['Spam']?.split(' ')[2])).toBeLessThan(5);
    expect(ham.body).toBe('TAMIS_INNOCENT\r\n');
    const { body } = await daemon.ask('HEADERS', 'joe', spam);
    expect(withoutOurs(body)).toBe(spam.slice(0, spam.indexOf('\n\n') + 2));
  });

  test('a client of an older version gets the fields that it knows', async () => {
    const message = mail({ id: 'older' });
    const ask = async (method: string, version: string): Promise<string> =>
      await daemon.send(
        daemon.spamd,
        `${method} SPAMC/${version}\r\nUser: joe\r\nContent-length: ${message.length}\r\n\r\n${message}`,
      );
    const spam = 'Spam: False ; -?\\d+\\.\\d / 5\\.0\r\n';
    for (const method of ['CHECK', 'SYMBOLS', 'REPORT'])
      expect(await ask(method, '1.2')).toMatch(new RegExp(`^SPAMD/1\\.1 0 EX_OK\r\n${spam}\r\n`));
    const length = 'Content-length: \\d+\r\n';
    expect(await ask('SYMBOLS', '1.3')).toMatch(new RegExp(`^SPAMD/1\\.1 0 EX_OK\r\n${length}${spam}\r\n`));
    expect(await ask('PROCESS', '1.3')).toMatch(
      new RegExp(`^SPAMD/1\\.1 0 EX_OK\r\n${length}${spam}\r\nReceived: `),
    );
    expect(await ask('PROCESS', '1.2')).toMatch(
      new RegExp(`^SPAMD/1\\.1 0 EX_OK\r\n${length}\r\nReceived: `),
    );
    const head = 'SPAMD/1.0 0 EX_OK\r\n';
    const bare = await ask('PROCESS', '1.1');
    expect(bare.slice(0, head.length)).toBe(head);
    expect(withoutOurs(bare.slice(head.length))).toBe(message);
  });

  test('REPORT names reasons, REPORT_IFSPAM of spam only', async () => {
    const report = await daemon.ask('REPORT', 'joe', advertisement('report'));
    expect(report.body).toMatch(/^Spam: probability of spam 0\.\d{4}, confidence/);
    expect(report.body.split('\r\n').length).toBeGreaterThan(5);
    expect((await daemon.ask('REPORT_IFSPAM', 'joe', mail({ id: 'report' }))).body).toBe('');
  });

  test('TELL from many at a time, which several threads read, learns each message once', async () => {
    const tell = async (id: string): Promise<string | undefined> => {
      const what = 'Message-class: spam\r\nSet: local\r\n';
      return (await daemon.ask('TELL', 'kim', advertisement(id), what)).fields['DidSet'];
    };
    const ids = Array.from({ length: 24 }, (_, n) => `many${n}`);
    const answers = await Promise.all([...ids, ...ids].map(tell));
    expect(answers.filter((did) => did === 'local')).toHaveLength(ids.length);
    expect(await Promise.all(ids.map(tell))).toEqual(ids.map(() => undefined));
    expect(stats('kim')['spamLearned']).toBe(ids.length);
  });

  test('TELL learns once, turns over, and takes back', async () => {
    const message = advertisement('told');
    const tell = async (what: string): Promise<Readonly<Record<string, string>>> =>
      (await daemon.ask('TELL', 'eve', message, what)).fields;
    const spam = 'Message-class: spam\r\nSet: local\r\n';
    expect(await tell(spam)).toHaveProperty('DidSet', 'local');
    expect(stats('eve')).toMatchObject({ spamLearned: 1, innocentLearned: 0 });
    expect(await tell(spam)).not.toHaveProperty('DidSet');
    expect(await tell('Message-class: ham\r\nSet: local\r\n')).toHaveProperty('DidSet', 'local');
    expect(stats('eve')).toMatchObject({ spamLearned: 0, innocentLearned: 1 });
    expect(await tell('Remove: local\r\n')).toHaveProperty('DidRemove', 'local');
    expect(stats('eve')).toMatchObject({ spamLearned: 0, innocentLearned: 0 });
    expect(await tell('Remove: local\r\n')).not.toHaveProperty('DidRemove');
  });

  test('a client hears why its message is not taken, though it is still sending it', async () => {
    const socket = connect({ path: daemon.spamd, allowHalfOpen: true });
    let failure: unknown;
    socket.on('error', (error) => (failure = error));
    const answer = all(socket);
    socket.write('PROCESS SPAMC/1.5\r\nUser: joe\r\nContent-length: 200000000\r\n\r\n');
    for (let n = 0; n < 50; n++) {
      await new Promise<void>((resolve) =>
        socket.write(Buffer.alloc(100_000), () => {
          resolve();
        }),
      );
    }
    socket.end();
    expect(await answer).toMatch(/^SPAMD\/1\.1 65 EX_DATAERR: The message is larger than/);
    expect(failure).toBe(undefined);
  });

  test('a line end behind the message is nothing', async () => {
    const message = mail({ id: 'end' });
    const head = `PROCESS SPAMC/1.5\r\nUser: joe\r\nContent-length: ${message.length}\r\n\r\n`;
    expect(await daemon.send(daemon.spamd, `${head}${message}\r\n`)).toContain(' 0 EX_OK\r\n');
  });

  test('a compressed message is the message', async () => {
    const message = mail({ id: 'zlib' });
    const packed = deflateSync(Buffer.from(message, 'latin1')).toString('latin1');
    const { body } = await daemon.ask('PROCESS', 'joe', packed, 'Compress: zlib\r\n');
    expect(withoutOurs(body)).toBe(message);
    expect((await daemon.ask('PROCESS', 'joe', 'no zlib', 'Compress: zlib\r\n')).status).toMatch(
      / 65 EX_DATAERR/,
    );
  });

  test('a message larger than what is judged', async () => {
    const message = mail({ id: 'large', body: 'A line of a large message.\n'.repeat(120_000) });
    const { fields, body } = await daemon.ask('PROCESS', 'joe', message);
    expect(Number(fields['Content-length'])).toBe(body.length);
    expect(withoutOurs(body) === message).toBe(true);
  });
});

describe('what fails is an answer, never a part of a message', () => {
  test.each([
    ['no user', 'PROCESS SPAMC/1.5\r\nContent-length: 5\r\n\r\nhello', 67],
    ['no number', 'PROCESS SPAMC/1.5\r\nUser: joe\r\nContent-length: many\r\n\r\nhello', 76],
    ['longer than it says', 'PROCESS SPAMC/1.5\r\nUser: joe\r\nContent-length: 4\r\n\r\nhello', 76],
    ['cut off', 'PROCESS SPAMC/1.5\r\nUser: joe\r\nContent-length: 50\r\n\r\nhello', 76],
    ['too large', 'PROCESS SPAMC/1.5\r\nUser: joe\r\nContent-length: 999999999999\r\n\r\nhello', 65],
    ['no field', 'PROCESS SPAMC/1.5\r\nUser joe\r\n\r\n', 76],
    ['no class', 'TELL SPAMC/1.5\r\nUser: joe\r\nSet: local\r\nContent-length: 5\r\n\r\nhello', 76],
  ])('%s', async (_, request, code) => {
    const answer = await daemon.send(daemon.spamd, request);
    expect(answer).toMatch(new RegExp(`^SPAMD/1\\.1 ${code} EX_[A-Z]+: .*\\r\\n\\r\\n$`));
  });

  test('an unknown user is judged, and nothing is made', async () => {
    const { body } = await daemon.ask('PROCESS', '../../etc/nobody', mail({ id: 'unknown' }));
    expect(field(body, 'X-DSPAM-Confidence')).toBe('0.0000');
    expect(daemon.place.run(['users', 'list']).stdout).not.toContain('nobody');
  });

  test('any bytes in any pieces get an answer or a closed connection, and the next client is served', async () => {
    const piece = fc.constantFrom(
      'PROCESS',
      ' SPAMC/1.5',
      '\r\n',
      '\n',
      'User: joe',
      'Content-length: 9',
      ':',
      '\0',
      'x'.repeat(9000),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 8 }), async (pieces) => {
        const socket = connect(daemon.spamd);
        for (const bytes of pieces) socket.write(bytes);
        socket.end();
        expect(await all(socket)).toMatch(/^$|^SPAMD\/1\.[015] \d/);
      }),
      { numRuns: 60 },
    );
    expect((await daemon.ask('CHECK', 'joe', mail({ id: 'next' }))).status).toBe('SPAMD/1.1 0 EX_OK');
  });
});

test('many at once, each gets its own message back', async () => {
  const users = ['joe', 'ann', 'bob', 'eve'];
  const answers = await Promise.all(
    Array.from({ length: 200 }, async (_, n) => {
      const user = users[n % users.length] ?? '';
      const message = mail({ id: `many-${n}`, body: `${user} ${'text '.repeat(n * 7)}\n` });
      const { status, body } = await daemon.ask('PROCESS', user, message);
      return status === 'SPAMD/1.1 0 EX_OK' && withoutOurs(body) === message;
    }),
  );
  expect(answers.every(Boolean)).toBe(true);
});
