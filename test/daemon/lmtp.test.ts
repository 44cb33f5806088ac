import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { hostname } from 'node:os';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { advertisement, field, mail, withCrlf, withoutOurs } from '../cli/mail.ts';
import { all, Daemon } from './daemon.ts';
import { send, started, transaction } from './lmtp-client.ts';
import { NextServer } from './next-server.ts';

const ready = '354 End with a line that is a dot only';
const [mailed, named] = ['250 2.1.0 OK', '250 2.1.5 OK'];

describe('to a next LMTP server', () => {
  const next = new NextServer();
  let daemon: Daemon;
  beforeAll(async () => {
    daemon = await started(
      ({ place }) => `lmtpNext = "lmtp:${place.path('next.sock')}"\nmessageBytes = 30000000\n`,
    );
    await next.open(daemon.place.path('next.sock'));
  });
  afterEach(() => {
    next.taken.length = 0;
  });
  afterAll(async () => {
    await daemon.remove();
    await next.close();
  });

  test('what it says it can', async () => {
    const answer = await daemon.send(daemon.lmtp, 'LHLO client\r\nNOOP\r\nVRFY joe\r\nHELP\r\nquit\r\n');
    expect(answer).toBe(
      `220 ${hostname()} LMTP tamis ready\r\n250-${hostname()}\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n` +
        '250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 30000000\r\n250 2.0.0 OK\r\n252 2.1.5 Send some mail, and see\r\n' +
        '214 2.0.0 LHLO MAIL RCPT DATA RSET NOOP VRFY HELP QUIT\r\n221 2.0.0 Goodbye\r\n',
    );
  });

  test('each recipient gets a verdict of its own, a refusal is told to its own alone', async () => {
    const message = withCrlf(advertisement('m1'));
    const replies = await send(
      daemon,
      transaction(
        ['joe@example.net', 'no@example.net', 'new@example.net', 'full@x', 'late@x', 'cut@x'],
        message,
        '<kim@example.org> BODY=8BITMIME SIZE=1000',
      ),
    );
    expect(replies).toEqual([
      mailed,
      ...Array<string>(6).fill(named),
      ready,
      '250 2.0.0 Kept',
      '550 5.1.1 There is / 5.1.1 nobody',
      '250 2.0.0 Kept',
      '452 4.0.0 the disk is full',
      '451 4.3.2 going down',
      expect.stringMatching(/^451 4\.4\.2 .*ended the connection/),
    ]);
    expect(next.taken.map(({ recipient }) => recipient)).toEqual(['joe@example.net', 'new@example.net']);
    expect(next.taken.map(({ sender }) => sender)).toEqual(
      Array<string>(2).fill('<kim@example.org> BODY=8BITMIME'),
    );
    expect(next.taken.map((one) => field(one.message, 'X-DSPAM-Result'))).toEqual(['Spam', 'Innocent']);
    expect(next.taken.map((one) => withoutOurs(one.message))).toEqual([message, message]);
  });

  test('every byte arrives, whatever the body', async () => {
    const pieces = [
      '.',
      '\r\n',
      '\n',
      '\r',
      '\r\n.\r\n',
      '\n.\r\n',
      '\n.\n',
      '\r.\r',
      '\xe9',
      '\0',
      'a',
      ' ',
    ];
    const body = fc.array(fc.constantFrom(...pieces), { maxLength: 30 }).map((some) => some.join(''));
    await fc.assert(
      fc.asyncProperty(body, async (text) => {
        next.taken.length = 0;
        const message = `${withCrlf(mail({ id: 'p', body: '' }))}${text}\r\n`;
        const replies = await send(daemon, transaction(['joe@example.net'], message));
        expect(replies).toEqual([mailed, named, ready, '250 2.0.0 Kept']);
        expect(next.taken.map((one) => withoutOurs(one.message))).toEqual([message]);
      }),
      { numRuns: 150 },
    );
  });

  test('a line of 20 MB', async () => {
    const message = `${withCrlf(mail({ id: 'long', body: '' }))}${'\xe9'.repeat(20_000_000)}\r\n`;
    await send(daemon, transaction(['joe@example.net'], message));
    expect(next.taken.map((one) => withoutOurs(one.message) === message)).toEqual([true]);
  });

  test('one message after another goes over one connection, and a server that has restarted is found again', async () => {
    const before = next.connections;
    const socket = connect(daemon.lmtp);
    const answers = all(socket);
    const kept = async (count: number): Promise<void> => {
      await expect.poll(() => next.taken.length).toBe(count);
    };
    socket.write(`LHLO client\r\n${transaction(['joe'], 'Subject: 1\r\n\r\n1\r\n')}`);
    await kept(1);
    socket.write(transaction(['joe'], 'Subject: 2\r\n\r\n2\r\n'));
    await kept(2);
    expect(next.connections).toBe(before + 1);
    next.cut();
    socket.write(`${transaction(['joe'], 'Subject: 3\r\n\r\n3\r\n')}QUIT\r\n`);
    await kept(3);
    expect(next.connections).toBe(before + 2);
    expect((await answers).match(/^250 2\.0\.0 Kept/gm)).toHaveLength(3);
  });

  test('what is answered is said before anything is waited for, and together', async () => {
    const socket = connect(daemon.lmtp);
    const pieces: string[] = [];
    socket.on('data', (piece: Buffer) => pieces.push(piece.toString('latin1')));
    const said = async (words: string): Promise<void> => {
      await expect.poll(() => pieces.join('')).toContain(words);
      pieces.length = 0;
    };
    await said('220 ');
    socket.write('LHLO client\r\n');
    await said('250 SIZE');
    const [commands, message] = transaction(['joe', 'slow'], 'Subject: x\r\n\r\nx\r\n').split(
      /(?<=DATA\r\n)/,
    );
    socket.write(commands ?? '');
    await expect.poll(() => pieces).toEqual([`${[mailed, named, named, ready].join('\r\n')}\r\n`]);
    pieces.length = 0;
    socket.write(message ?? '');
    // The second recipient's server has not answered yet.
    await said('250 2.0.0 Kept\r\n');
    await expect.poll(() => next.taken.length).toBe(2);
    expect(pieces).toEqual([]);
    next.letGo();
    await said('250 2.0.0 Kept\r\n');
    socket.end(`NOOP\r\n${'x'.repeat(9000)}`);
    await said('250 2.0.0 OK\r\n');
  });

  test('forged lines are taken out; addresses in UTF-8, quoted, empty', async () => {
    const user = Buffer.from('jörg@exämple.net').toString('latin1');
    const message = 'X-DSPAM-Result: Innocent\r\nSubject: x\r\n\r\nbody\r\n';
    await send(
      daemon,
      transaction([user], message, '<> SMTPUTF8'),
      transaction(['"a>b@c"@example.net'], message, '<@relay:"q\\"<"@example.org>'),
    );
    expect(next.taken.map(({ sender, recipient }) => [sender, recipient])).toEqual([
      ['<> SMTPUTF8', user],
      ['<"q\\"<"@example.org>', '"a>b@c"@example.net'],
    ]);
    expect(next.taken[0]?.message.match(/X-DSPAM-Result/g)).toHaveLength(1);
    // Header fields in UTF-8 need it, too.
    await send(daemon, transaction(['kim@example.net'], message, '<kim@example.org> BODY=8BITMIME SMTPUTF8'));
    expect(next.taken.pop()?.sender).toBe('<kim@example.org> BODY=8BITMIME SMTPUTF8');
    // A colon between quotes ends no source route: what stands behind it must not become words of a command.
    const odd = '@"a:b> NOTIFY=NEVER "@example.net';
    await send(daemon, transaction([odd], message));
    expect(next.taken[2]?.recipient).toBe(odd);
  });

  test('a message that is too large: told by SIZE, or found out; the next one passes', async () => {
    const large = `Subject: large\r\n\r\n${'x'.repeat(30_000_000)}\r\n`;
    const small = 'Subject: small\r\n\r\nx\r\n';
    const tooLarge = '552 5.3.4 The message is larger than 30000000 bytes';
    expect(
      await send(
        daemon,
        'MAIL FROM:<kim@example.org> SIZE=30000001\r\n',
        transaction(['joe', 'jim'], large),
        transaction(['joe'], small),
      ),
    ).toEqual([
      tooLarge,
      mailed,
      named,
      named,
      ready,
      tooLarge,
      tooLarge,
      mailed,
      named,
      ready,
      '250 2.0.0 Kept',
    ]);
    expect(next.taken.map((one) => withoutOurs(one.message))).toEqual([small]);
  });

  test('what is out of place or no command', async () => {
    const answer = await daemon.send(
      daemon.lmtp,
      'EHLO x\r\nMAIL FROM:<a@b>\r\nLHLO\r\nLHLO x\r\nRCPT TO:<a@b>\r\nDATA\r\nMAIL FROM:a@b\r\nMAIL FROM:<a@b> AUTH=<>\r\n' +
        'MAIL FROM:<a@b>\r\nMAIL FROM:<a@b>\r\nDATA\r\nRCPT TO:<>\r\nRCPT TO:<\xff@b>\r\nRCPT TO:<a@b> NOTIFY=NEVER\r\n' +
        'RSET\r\nRCPT TO:<a@b>\r\n__proto__\r\n\r\nQUIT\r\n',
    );
    const replies = answer.split('\r\n').filter((line) => /^[2-5]\d\d /.test(line));
    expect(replies.map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      `220 ${hostname()}`,
      '500 5.5.2',
      '503 5.5.1',
      '501 5.5.4',
      '250 SIZE',
      '503 5.5.1',
      '503 5.5.1',
      '501 5.1.7',
      '555 5.5.4',
      '250 2.1.0',
      '503 5.5.1',
      '503 5.5.1',
      '501 5.1.3',
      '501 5.1.3',
      '555 5.5.4',
      '250 2.0.0',
      '503 5.5.1',
      '500 5.5.2',
      '500 5.5.2',
      '221 2.0.0',
    ]);
  });

  test('a client that ends in the middle of a message has sent none', async () => {
    const half = transaction(['joe'], 'Subject: half\r\n\r\nhal\n.\r').slice(0, -3);
    await daemon.send(daemon.lmtp, `LHLO client\r\n${half}`);
    await send(daemon, transaction(['joe'], 'Subject: whole\r\n\r\n'));
    expect(next.taken.map((one) => field(one.message, 'Subject'))).toEqual(['whole']);
  });
});

describe('what fails', () => {
  let daemon: Daemon;
  afterEach(async () => {
    await daemon.remove();
  });
  const message = 'X-DSPAM-Result: Innocent\r\nSubject: x\r\n\r\nbody\r\n';

  test('a next hop that is down is tried again', async () => {
    daemon = await started(({ place }) => `lmtpNext = "lmtp:${place.path('nobody')}"\n`);
    const replies = await send(daemon, transaction(['joe', 'jim'], message));
    expect(replies.slice(-2)).toEqual([
      expect.stringMatching(/^451 4\.4\.1 .*cannot be used/),
      expect.stringMatching(/^451 4\.4\.1 .*cannot be used/),
    ]);
  });

  test.each(['pass', 'defer'])('a judgement, with onError = "%s"', async (onError) => {
    const next = new NextServer();
    daemon = await started(
      ({ place }) => `lmtpNext = "smtp:${place.path('next.sock')}"\nonError = "${onError}"\n`,
    );
    await next.open(daemon.place.path('next.sock'));
    daemon.place.run(['users', 'add', 'bad@example.net']);
    writeFileSync(daemon.place.path('home', 'users', 'bad@example.net', 'db', 'CURRENT'), 'garbage');
    const replies = await send(daemon, transaction(['bad@example.net', 'joe@example.net'], message));
    await next.close();
    if (onError === 'defer') expect(replies.at(-2)).toMatch(/^451 4\.3\.0 /);
    else {
      expect(replies.at(-2)).toBe('250 2.0.0 Kept');
      expect(next.taken[0]?.message).toBe(message.slice(message.indexOf('Subject')));
    }
    expect(replies.at(-1)).toBe('250 2.0.0 Kept');
    expect(field(next.taken.at(-1)?.message ?? '', 'X-DSPAM-Result')).toBeDefined();
  });
});

test('LMTP without a next hop does not start, and a wrong one is named', () => {
  const daemon = new Daemon();
  const start = (...more: readonly string[]): string =>
    daemon.place.run(['serve', `--lmtp=${daemon.lmtp}`, ...more]).stderr;
  expect(start()).toContain('LMTP needs the setting lmtpNext');
  const wrong = ['smtp:', 'lmtp:host', 'maildir:Maildir', 'maildir:/m/%x', 'exec:', 'exec:%u', 'mbox:/m'];
  for (const one of wrong) {
    expect(start('--set', `lmtpNext=${one}`)).toContain(`lmtpNext cannot be "${one}"`);
  }
  daemon.place.remove();
});
