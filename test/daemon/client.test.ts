import { createServer } from 'node:net';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { advertisement, field, mail, withCrlf, withoutOurs } from '../cli/mail.ts';
import { Daemon } from './daemon.ts';
import { tamisc as run } from './tamisc.ts';

let daemon: Daemon;
beforeAll(async () => {
  daemon = new Daemon('--set', 'signatureLocation=message');
  for (let n = 0; n < 12; n++) {
    daemon.place.run(['--user=joe', '--class=spam', '--source=corpus'], { stdin: advertisement(`s${n}`) });
    daemon.place.run(['--user=joe', '--class=innocent', '--source=corpus'], { stdin: mail({ id: `h${n}` }) });
  }
  await daemon.start();
});
afterAll(async () => {
  await daemon.remove();
});

const tamisc = (args: readonly string[], input: string, socket = daemon.socket): ReturnType<typeof run> =>
  run(args, input, { socket });

describe('tamisc', () => {
  test('gives the message with the daemon’s verdict and footer', () => {
    for (const message of [mail({ id: 'c1' }), withCrlf(mail({ id: 'c2' }))]) {
      const { status, stdout } = tamisc(['--user=joe', '--deliver=stdout'], message);
      expect(status).toBe(0);
      expect(field(stdout, 'X-DSPAM-Result')).toBe('Innocent');
      const lineEnd = message.includes('\r\n') ? '\r\n' : '\n';
      const tag = `${lineEnd}!DSPAM:${field(stdout, 'X-DSPAM-Signature') ?? ''}!${lineEnd}`;
      expect(withoutOurs(stdout)).toBe(message + tag);
    }
  });

  test('and `tamis --client` is the same', () => {
    const message = advertisement('c3');
    const { stdout } = daemon.place.run(
      ['--client', `--socket=${daemon.socket}`, '--user=joe', '--classify'],
      {
        stdin: message,
      },
    );
    expect(stdout).toBe(tamisc(['--user=joe', '--classify'], message).stdout);
    expect(stdout).toContain('result="Spam"');
  });

  test('learns, by message and by signature', () => {
    const learned = (): number =>
      (
        JSON.parse(daemon.place.run(['stats', '--user=joe', '--json']).stdout) as {
          spamMisclassified: number;
        }
      ).spamMisclassified;
    const before = learned();
    const { stdout } = tamisc(['--user=joe'], mail({ id: 'c4' }));
    const signature = field(stdout, 'X-DSPAM-Signature') ?? '';
    const lesson = ['--user=joe', '--class=spam', '--source=error'];
    expect(tamisc([...lesson, `--signature=${signature}`], '').status).toBe(0);
    expect(learned()).toBe(before + 1);
    expect(tamisc(lesson, mail({ id: 'c5' })).status).toBe(0);
    expect(learned()).toBe(before + 2);
    expect(tamisc([...lesson, '--signature=0123456712345678'], '').status).toBe(75);
  });

  test('delivers by itself: into a Maildir, or to a command with its status', () => {
    const maildir = daemon.place.path('Maildir');
    for (const part of ['', 'cur', 'new', 'tmp']) mkdirSync(join(maildir, part), { recursive: true });
    expect(tamisc(['--user=joe', `--deliver=maildir:${maildir}`], advertisement('c6')).status).toBe(0);
    expect(readdirSync(join(maildir, '.Spam/new'))).toHaveLength(1);
    const out = daemon.place.path('out');
    const args = ['--user=joe', '--deliver=exec', '--', '/bin/sh', '-c', `cat > ${out}; exit 3`];
    expect(tamisc(args, mail({ id: 'c7' })).status).toBe(3);
    expect(readFileSync(out, 'latin1')).toContain('X-DSPAM-Signature: ');
  });
});

describe('without a daemon', () => {
  const message = mail({ id: 'none' });
  const forged = `X-DSPAM-Result: Innocent\n${message}`;

  test('the message passes unjudged, without the forged line', () => {
    const { status, stdout, stderr } = tamisc(['--user=joe'], forged, '/nowhere/tamis.sock');
    expect(status).toBe(0);
    expect(stdout).toBe(message);
    expect(stderr).toMatch(
      /^tamis: the message passes unjudged: The daemon at \/nowhere\/tamis\.sock cannot be asked/,
    );
  });

  test('or is deferred; a lesson is not learned', () => {
    expect(tamisc(['--user=joe', '--on-error=defer'], forged, '/nowhere')).toMatchObject({
      status: 75,
      stdout: '',
    });
    expect(tamisc(['--user=joe', '--class=spam', '--source=error'], message, '/nowhere').status).toBe(75);
    expect(tamisc(['--user=joe', '--classify'], message, '/nowhere')).toMatchObject({
      status: 75,
      stdout: '',
    });
    expect(tamisc(['--nonsense'], message, '/nowhere')).toMatchObject({ status: 0, stdout: message });
  });

  test.each([
    ['that closes at once', ''],
    ['that ends in the middle of its answer', '220 x\r\n{"verdict":{"us'],
    ['that says something else', '220 x\r\nhello\n'],
  ])('one %s is none', async (_, answer) => {
    const path = daemon.place.path(`fake-${answer.length}.sock`);
    // The client runs beside, because this process is its server.
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => undefined);
      socket.resume();
      socket.end(answer);
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const child = daemon.place.start(['--client', `--socket=${path}`, '--user=joe']);
    let out = '';
    child.stdout.on('data', (piece: Buffer) => (out += piece.toString('latin1')));
    child.stdin.end(forged);
    const status = await new Promise((resolve) => child.on('close', resolve));
    server.close();
    expect([status, out]).toEqual([0, message]);
  });
});
