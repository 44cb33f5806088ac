import { connect } from 'node:net';
import { chownSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { advertisement, field, mail, withCrlf, withoutOurs } from '../cli/mail.ts';
import { describeAsRoot } from '../peers.ts';
import { all, answerOf, Daemon } from './daemon.ts';
import { send, transaction } from './lmtp-client.ts';

let daemon: Daemon;
beforeEach(() => {
  daemon = new Daemon();
});
afterEach(async () => {
  await daemon.remove();
});

const learned = (user: string): number => {
  const { stdout } = daemon.place.run(['stats', `--user=${user}`, '--json']);
  return (JSON.parse(stdout) as { spamLearned: number }).spamLearned;
};

describe('SIGTERM', () => {
  test('finishes what is in flight, then ends with 0 and leaves no process behind its sockets', async () => {
    await daemon.start();
    const message = mail({ id: 'flight' });
    const socket = connect(daemon.spamd);
    const answer = all(socket);
    socket.write(`PROCESS SPAMC/1.5\r\nUser: joe\r\nContent-length: ${message.length}\r\n\r\n`);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const stopped = daemon.stop();
    await new Promise((resolve) => setTimeout(resolve, 100));
    socket.end(message);
    expect(withoutOurs(answerOf(await answer).body)).toBe(message);
    expect(await stopped).toBe(0);
    expect(await daemon.send(daemon.spamd, 'PING SPAMC/1.5\r\n\r\n')).toBe('');
  });

  test('does not wait for who has asked nothing', async () => {
    await daemon.start(`--public=${daemon.public}`);
    const silent = [daemon.spamd, daemon.socket, daemon.public].map((path) => connect(path));
    const [spamd, ...others] = silent.map(all);
    for (const socket of silent.slice(1)) socket.write('LHLO client\r\n');
    await new Promise((resolve) => setTimeout(resolve, 300));
    const begun = performance.now();
    expect(await daemon.stop()).toBe(0);
    expect(performance.now() - begun).toBeLessThan(9000);
    expect(await spamd).toBe('');
    for (const answer of others)
      expect(await answer).toMatch(/\r\n421 4\.3\.2 The daemon is ending; try again\r\n$/);
  });

  test('over LMTP it ends with the message that is on its way, however many were to follow, and does not wait for who is silent', async () => {
    const maildir = daemon.place.path('mail/joe/Maildir');
    for (const part of ['cur', 'new', 'tmp']) mkdirSync(join(maildir, part), { recursive: true });
    const next = `lmtpNext=maildir:${daemon.place.path('mail/%u/Maildir')}`;
    await daemon.start(`--lmtp=${daemon.lmtp}`, '--set', next, '--set', 'lmtpUser=local');
    const silent = connect(daemon.lmtp);
    const farewell = all(silent);
    const socket = connect(daemon.lmtp);
    const answer = all(socket);
    const begin = 'MAIL FROM:<kim@example.org>\r\nRCPT TO:<joe@example.net>\r\nDATA\r\n';
    socket.write(`LHLO client\r\n${begin}Subject: x\r\n`);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const begun = performance.now();
    const stopped = daemon.stop();
    expect(await farewell).toMatch(/^220 .*\r\n421 4\.3\.2 The daemon is ending; try again\r\n$/);
    const more = `${begin}Subject: y\r\n\r\nbody\r\n.\r\n`;
    socket.write(`\r\nbody\r\n.\r\n${more}${more}`);
    expect((await answer).split('\r\n').slice(-4)).toEqual([
      '354 End with a line that is a dot only',
      '250 2.0.0 In the Maildir',
      '421 4.3.2 The daemon is ending; try again',
      '',
    ]);
    expect(await stopped).toBe(0);
    // Less than what who is in flight may take.
    expect(performance.now() - begun).toBeLessThan(9000);
    expect(readdirSync(join(maildir, 'new'))).toHaveLength(1);
  });

  test('what was judged is counted, and its signature retrains it', async () => {
    daemon.place.run(['users', 'add', 'joe']);
    await daemon.start();
    const { body } = await daemon.ask('PROCESS', 'joe', advertisement('signed'));
    expect(await daemon.stop()).toBe(0);
    const signature = field(body, 'X-DSPAM-Signature') ?? '';
    const { status } = daemon.place.run([
      '--user=joe',
      '--class=spam',
      '--source=error',
      `--signature=${signature}`,
    ]);
    expect(status).toBe(0);
    expect(learned('joe')).toBe(1);
  });
});

describe('SIGKILL', () => {
  test('what was answered as learned is there, and the next start needs no help', async () => {
    await daemon.start();
    let told = 0;
    for (let round = 0; round < 3; round++) {
      const lessons = Array.from({ length: 20 }, async (_, n) => {
        const message = advertisement(`kill-${round}-${n}`);
        const { fields } = await daemon.ask('TELL', 'joe', message, 'Message-class: spam\r\nSet: local\r\n');
        if (fields['DidSet'] === 'local') told++;
      });
      await Promise.race(lessons);
      await daemon.stop('SIGKILL');
      await Promise.all(lessons);
      await daemon.start();
    }
    expect(told).toBeGreaterThanOrEqual(3);
    expect(await daemon.stop()).toBe(0);
    expect(learned('joe')).toBeGreaterThanOrEqual(told);
  });
});

test('commands work beside it, and it knows what they taught', async () => {
  await daemon.start();
  for (let n = 0; n < 3; n++)
    await daemon.ask('TELL', 'joe', advertisement(`b${n}`), 'Message-class: spam\r\nSet: local\r\n');
  writeFileSync(daemon.place.path('ham'), mail({ id: 'beside' }));
  const trained = daemon.place.run(['train', '--user=joe', '--innocent', daemon.place.path('ham'), '--json']);
  expect(JSON.parse(trained.stdout)).toMatchObject({ innocent: 1 });
  const { fields } = await daemon.ask(
    'TELL',
    'joe',
    mail({ id: 'beside' }),
    'Message-class: ham\r\nSet: local\r\n',
  );
  expect(fields).not.toHaveProperty('DidSet');
  expect(learned('joe')).toBe(3);
});

test('SIGHUP reads the configuration again, and keeps the old one if the new is wrong', async () => {
  await daemon.start();
  const factors = async (): Promise<boolean> => {
    const { body } = await daemon.ask('PROCESS', 'joe', advertisement('again'));
    return body.includes('X-DSPAM-Factors:');
  };
  const said = async (words: string): Promise<void> => {
    while (!daemon.said.includes(words)) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  await daemon.ask('TELL', 'joe', advertisement('once'), 'Message-class: spam\r\nSet: local\r\n');
  expect(await factors()).toBe(false);
  writeFileSync(daemon.place.path('tamis.toml'), 'showFactors = true\n');
  daemon.signal('SIGHUP');
  await said('has been read again');
  expect(await factors()).toBe(true);
  writeFileSync(daemon.place.path('tamis.toml'), 'showFactor = true\n');
  daemon.signal('SIGHUP');
  await said('stays as it was');
  expect(await factors()).toBe(true);
});

test('SIGHUP does not take from LMTP where it hands on to', async () => {
  const configuration = daemon.place.path('tamis.toml');
  mkdirSync(daemon.place.path('joe/new'), { recursive: true });
  for (const folder of ['cur', 'tmp']) mkdirSync(daemon.place.path(`joe/${folder}`));
  writeFileSync(configuration, `lmtpNext = "maildir:${daemon.place.path('%n')}"\n`);
  await daemon.start(`--lmtp=${daemon.lmtp}`);
  writeFileSync(configuration, 'showFactors = true\n');
  daemon.signal('SIGHUP');
  while (!daemon.said.includes('stays as it was')) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(daemon.said).toContain('LMTP needs the setting lmtpNext');
  const replies = await send(daemon, transaction(['joe@example.net'], withCrlf(mail({ id: 'after' }))));
  expect(replies.at(-1)).toBe('250 2.0.0 In the Maildir');
  expect(readdirSync(daemon.place.path('joe/new'))).toHaveLength(1);
});

test('a socket has its mode; a leftover is taken away, one in use is not', async () => {
  await daemon.start();
  expect(statSync(daemon.spamd).mode & 0o777).toBe(0o660);
  const second = daemon.place.run(['serve', `--spamd=${daemon.spamd}`]);
  expect(second.status).toBe(75);
  expect(second.stderr).toContain(`Cannot listen on ${daemon.spamd}`);
  await daemon.stop('SIGKILL');
  expect(existsSync(daemon.spamd)).toBe(true);
  await daemon.start();
  expect((await daemon.ask('CHECK', 'joe', mail({ id: 'left' }))).status).toBe('SPAMD/1.1 0 EX_OK');
});

test.each([
  ['0.0.0.0:783', 'is not a loopback address'],
  ['nowhere', 'is neither a path nor HOST:PORT'],
  ['systemd:spamd', 'systemd has passed no socket on'],
])('listening on %s is refused with a sentence', (address, sentence) => {
  const { status, stderr } = daemon.place.run(['serve', `--spamd=${address}`]);
  expect(status).toBe(64);
  expect(stderr).toContain(sentence);
});

describeAsRoot('started by root for the home of somebody else', () => {
  const owner = 65_501;
  const accessTo = (path: string): readonly number[] => {
    const { uid, gid, mode } = statSync(path);
    return [uid, gid, mode & 0o777];
  };

  test('its sockets are theirs, as the daemon is then', async () => {
    chownSync(daemon.place.home, owner, owner);
    await daemon.start(`--public=${daemon.public}`);
    expect(accessTo(daemon.spamd)).toEqual([owner, owner, 0o660]);
    expect(accessTo(daemon.public)).toEqual([owner, owner, 0o666]);
    expect((await daemon.ask('PROCESS', 'joe', mail({ id: 'root' }))).status).toMatch(/EX_OK$/);
  });

  test('socketGroup is the group that may connect', async () => {
    chownSync(daemon.place.home, owner, owner);
    await daemon.start('--set', 'socketGroup=mail');
    expect(accessTo(daemon.spamd)).toEqual([owner, statSync('/var/mail').gid, 0o660]);
  });
});

test('a group that is not there, or no folder for a socket, is an error that says so', () => {
  const serve = (...words: string[]): string => daemon.place.run(['serve', ...words]).stderr;
  expect(serve(`--spamd=${daemon.spamd}`, '--set', 'socketGroup=nosuchgroup')).toContain(
    'There is no group nosuchgroup, which socketGroup names.',
  );
  const folder = daemon.place.path('nowhere');
  expect(serve(`--spamd=${folder}/spamd.sock`)).toContain(
    `there is no folder ${folder}. Make it for the user who runs the daemon: install -d -o USER -m 755 ${folder}`,
  );
});
