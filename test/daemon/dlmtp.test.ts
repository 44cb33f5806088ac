import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { advertisement, field, mail, withoutOurs } from '../cli/mail.ts';
import { Daemon } from './daemon.ts';

let daemon: Daemon;
beforeAll(async () => {
  daemon = new Daemon('--set', 'serverPass.Relay1=secret');
  for (let n = 0; n < 12; n++) {
    daemon.place.run(['--user=joe', '--class=spam', '--source=corpus'], { stdin: advertisement(`s${n}`) });
    daemon.place.run(['--user=joe', '--class=innocent', '--source=corpus'], { stdin: mail({ id: `h${n}` }) });
  }
  await daemon.start();
});
afterAll(async () => {
  await daemon.remove();
});

const hello =
  '250-localhost.localdomain\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250-DSPAMPROCESSMODE\r\n250-8BITMIME\r\n250 SIZE\r\n';

/** A dialogue as dspamc holds it, all of it sent at once; what is answered behind DATA. */
async function dialogue(
  mode: string,
  message: string,
  users = ['joe'],
  sender = 'secret@Relay1',
): Promise<string> {
  const stuffed = message.replace(/^\./gm, '..').replaceAll('\n', '\r\n');
  const answer = await daemon.send(
    daemon.socket,
    `LHLO Relay1\r\nMAIL FROM: <${sender}> DSPAMPROCESSMODE="${mode}"\r\n` +
      users.map((user) => `RCPT TO: <${user}>\r\n`).join('') +
      `DATA\r\n${stuffed}.\r\nQUIT\r\n`,
  );
  expect(answer.startsWith(`220 DSPAM DLMTP 3.10.2 Authentication Required\r\n${hello}`)).toBe(true);
  const mark = '354 Enter mail, end with "." on a line by itself\r\n';
  const at = answer.indexOf(mark);
  return at < 0 ? answer.slice(answer.indexOf(hello) + hello.length) : answer.slice(at + mark.length);
}

/** What dspamc prints: dots taken off, up to the final one. */
function printed(answer: string): string {
  const end = answer.indexOf('\n.\r\n') + 1 || 0;
  return answer.slice(0, end).replace(/^\.\./gm, '.');
}

describe('as dspamc asks', () => {
  test('13c: --deliver=stdout gives the message behind its classification', async () => {
    const message = mail({ id: 'd13', body: 'line\n' });
    const out = printed(await dialogue('--deliver=stdout ', message));
    expect(out.startsWith('X-Daemon-Classification: INNOCENT\n')).toBe(true);
    const sent = out.slice(out.indexOf('\n') + 1);
    expect(field(sent, 'X-DSPAM-Result')).toBe('Innocent');
    expect(withoutOurs(sent)).toBe(message);
  });

  test('10c, 11c: --classify and --deliver=summary give the line', async () => {
    const line =
      /^X-DSPAM-Result: joe; result="Spam"; class="Spam"; probability=[\d.]+; confidence=[\d.]+; signature=/;
    const classified = printed(await dialogue('--classify ', advertisement('d10')));
    expect(classified).toMatch(line);
    expect(classified).toContain('signature=N/A\n');
    expect(printed(await dialogue('--deliver=summary ', advertisement('d11')))).toMatch(line);
  });

  test('15d: two users, the classification stands before the first only', async () => {
    const message = mail({ id: 'd15', body: 'Hello\n' });
    const out = printed(await dialogue('--deliver=stdout ', message, ['joe', 'bob']));
    expect(out.match(/X-Daemon-Classification/g)).toHaveLength(1);
    expect(withoutOurs(out.slice(out.indexOf('\n') + 1)).startsWith(message)).toBe(true);
  });

  test('17c: a line of a dot does not end the message, whatever the body', async () => {
    const body = fc
      .array(fc.constantFrom('.', '..', 'a', '.b', '\n', '\n.\n', '\xe9', '\0', ' '), { maxLength: 30 })
      .map((pieces) => `${pieces.join('')}\n`);
    await fc.assert(
      fc.asyncProperty(body, async (text) => {
        const message = mail({ id: 'd17', body: text.replaceAll('\r', '') });
        const out = printed(await dialogue('--deliver=stdout ', message, ['bob']));
        expect(withoutOurs(out.slice(out.indexOf('\n') + 1))).toBe(message);
      }),
      { numRuns: 100 },
    );
  });

  test('a retraining is answered by 250, and one that fails (91c, 92c) by 421', async () => {
    const { stdout } = daemon.place.run(['--user=joe'], { stdin: mail({ id: 'd93' }) });
    const signature = field(stdout, 'X-DSPAM-Signature') ?? '';
    expect(await dialogue(`--class=spam --source=error --signature=${signature} `, '\n')).toBe(
      '250 2.6.0 <joe> Message accepted for delivery: SPAM\r\n221 2.0.0 OK\r\n',
    );
    expect(await dialogue('--class=spam --source=error --signature=0123456712345678 ', '\n')).toMatch(
      /^421 4\.3\.0 <joe> The signature .*\r\n221 2\.0\.0 OK\r\n$/,
    );
    expect(
      await dialogue('--class=spam --source=error --deliver=summary --signature=0123456712345678 ', '\n'),
    ).toMatch(/^421 4\.3\.0 <joe> .*\r\n221/);
  });

  test('95c: a wrong password; 94c: a wrong command line', async () => {
    expect(await dialogue('--classify ', mail({ id: 'd95' }), ['joe'], 'wrong@Relay1')).toMatch(
      /^503 5\.1\.0 Authentication Required\r\n/,
    );
    expect(await dialogue('--class=bogus --source=error ', mail({ id: 'd94' }))).toContain(
      '554 5.1.0 Wrong command line: --class is spam or innocent, not "bogus"',
    );
  });

  test('what comes too early is told what it needs', async () => {
    const answer = await daemon.send(
      daemon.socket,
      'MAIL FROM: <secret@Relay1>\r\nLHLO x\r\nEXPN y\r\nDATA\r\nRSET\r\nNOOP\r\nQUIT\r\n',
    );
    expect(answer).toContain('503 5.0.0 Need LHLO here.');
    expect(answer).toContain('503 5.0.0 Need MAIL FROM here.');
    expect(answer.endsWith('250 2.0.0 OK\r\n250 2.0.0 OK\r\n221 2.0.0 OK\r\n')).toBe(true);
  });

  test('a client that dies in the middle of a message leaves nothing behind', async () => {
    const before = daemon.place.run(['stats', '--user=joe', '--json']).stdout;
    const answer = await daemon.send(
      daemon.socket,
      'LHLO x\r\nMAIL FROM: <secret@Relay1> DSPAMPROCESSMODE="--class=spam --source=corpus "\r\nRCPT TO: <joe>\r\nDATA\r\nSubject: half\r\n\r\nhal',
    );
    expect(answer.endsWith('on a line by itself\r\n')).toBe(true);
    expect(daemon.place.run(['stats', '--user=joe', '--json']).stdout).toBe(before);
  });
});
