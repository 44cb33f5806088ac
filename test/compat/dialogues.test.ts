/**
 * What dspamc said to DSPAM's daemon, byte by byte, said again: the answers are DSPAM's but for signatures, dates and the model's numbers, unless the name of a test says why not.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { captureNames, messageIn, numberless, recording } from './capture.ts';
import { numbered, signatureIn, Site, user } from './site.ts';

const site = new Site('--set', 'serverPass.Relay1=secret');
const spam = messageIn('21-process-spam-stdout');
const lessons = [
  [user, 'innocent', messageIn('07-stdout-ham')],
  [user, 'innocent', messageIn('A-lda-ok')],
  ['q@example.org', 'spam', spam],
  ['q@example.org', 'innocent', messageIn('07-stdout-ham')],
] as const;
let signature = '';
beforeAll(async () => {
  await site.begin({ daemon: true });
  for (const [name, as, message] of lessons) {
    const command = ['dspam', '--user', name, '--source=corpus', `--class=${as}`];
    for (let n = 0; n < 6; n++) site.run(command, numbered(message, n));
  }
  signature = signatureIn(site.run(['dspam', '--user', user, '--deliver=summary'], numbered(spam, 99)));
});
afterAll(async () => {
  await site.end();
});

/** The bytes of both sides of a recorded dialogue. The recorder says how many there are, and wrote CR as `\\r`. */
function dialogue(name: string): { client: string; server: string } {
  const text = recording(name);
  const said = { client: '', server: '' };
  let at = 0;
  for (;;) {
    const [, side, length] = /^([<>]) \S+ \S+ {2}length=(\d+) /.exec(text.slice(at, at + 100)) ?? [];
    if (side === undefined) return said;
    at = text.indexOf('\n', at) + 1;
    for (let left = Number(length); left > 0; left--) {
      const cr = text.startsWith('\\r', at);
      said[side === '>' ? 'client' : 'server'] += cr ? '\r' : (text[at] ?? '');
      at += cr ? 2 : 1;
    }
  }
}

/** What is answered now. */
async function answered(client: string): Promise<string> {
  return numberless(await site.daemon.send(site.daemon.socket, client));
}

/** DSPAM's answer: it greeted as DLMTP in one of its modes only. */
function wanted(server: string): string {
  return numberless(server).replace(
    '220 DSPAM LMTP 3.10.2 Ready',
    '220 DSPAM DLMTP 3.10.2 Authentication Required',
  );
}

/** Why an answer is another one, and what it is. */
const different: Readonly<Record<string, [why: string, change: (answer: string) => string]>> = {
  '15d-twousers-stdout.dialogue': [
    'dspamc takes the first classification off, so the second message has none',
    (answer) => {
      const mark = 'X-Daemon-Classification: INNOCENT\n';
      const second = answer.indexOf(mark, answer.indexOf(mark) + 1);
      return answer.slice(0, second) + answer.slice(second + mark.length);
    },
  ],
  '17c-dot.dialogue': [
    'dots at the beginning of a line are doubled',
    (answer) => {
      const [head = '', body = ''] = answer.split('\nline one');
      return `${head}\nline one${body.replace(/\n(?=\.(?!\r))/g, '\n.')}`;
    },
  ],
  '91c-retrain-nosig.dialogue': [
    'without a signature the message itself is learned',
    (answer) => answer.replace('delivery: INNOCENT', 'delivery: SPAM'),
  ],
  '92c-retrain-nosig-summary.dialogue': [
    'the message itself is learned, and the answer has its final dot',
    (answer) =>
      `${answer.slice(0, answer.indexOf('250 2.6.0'))}X-DSPAM-Result: test@example.org; result="Spam"; class="Spam"; probability=N; confidence=N; signature=N/A\n.\r\n`,
  ],
};

describe('dialogues', () => {
  for (const name of captureNames.filter((one) => one.endsWith('.dialogue'))) {
    const [why, change] = different[name] ?? [];
    test(why === undefined ? name : `${name}; different: ${why}`, async () => {
      const { client, server } = dialogue(name);
      const given = await answered(client.replace(/(?<=--signature=)[0-9a-f]+/, () => signature));
      expect(given).toBe(change === undefined ? wanted(server) : change(wanted(server)));
    });
  }
});

/** The lines of a dialogue that a person held, `C: ` and `S: ` before them. */
function lines(name: string, side: 'C' | 'S'): string[] {
  const all = recording(name).trimEnd().split('\n');
  return all.filter((line) => line.startsWith(`${side}: `)).map((line) => line.slice(3));
}

/** What is answered to such a dialogue now, behind what is offered at the beginning. */
async function replies(name: string, at = site): Promise<string[]> {
  const client = lines(name, 'C').map((line) => `${line}\r\n`);
  const answer = await at.daemon.send(at.daemon.socket, client.join(''));
  const said = answer.replaceAll('\r', '').trimEnd().split('\n');
  return said.slice(said.indexOf('250 SIZE') + 1);
}

describe('dialogues by hand', () => {
  /** Lets everybody in, as DSPAM's standard mode does. */
  const open = new Site();
  beforeAll(async () => {
    await open.begin({ daemon: true });
  });
  afterAll(async () => {
    await open.end();
  });
  const recorded = (name: string): string[] => {
    const said = lines(name, 'S');
    return said.slice(said.indexOf('250 SIZE') + 1);
  };

  test('98-lmtp-standard-stdout; different: the client says by DSPAMPROCESSMODE what is to come back; plain LMTP has a listener of its own', async () => {
    const replied = await replies('98-lmtp-standard-stdout', open);
    expect(replied.slice(0, 4)).toEqual(recorded('98-lmtp-standard-stdout').slice(0, 4));
    expect(replied.slice(4)).toEqual([
      '250 2.6.0 <test@example.org> Message accepted for delivery: INNOCENT',
      '250 2.6.0 <bob@example.org> Message accepted for delivery: INNOCENT',
      '221 2.0.0 OK',
    ]);
  });

  test('99-lmtp-errors; different: NOOP is known, and what follows DATA is the message', async () => {
    const [noop, ...rest] = recorded('99-lmtp-errors').filter((line) => line !== '(timeout)');
    expect(noop).toBe('503 5.0.0 Need MAIL FROM here.');
    expect(await replies('99-lmtp-errors', open)).toEqual(['250 2.0.0 OK', ...rest]);
  });

  test('99b-dlmtp-badmode; different: the answer says what is wrong', async () => {
    const [mail, rcpt, data] = recorded('99b-dlmtp-badmode');
    const replied = await replies('99b-dlmtp-badmode');
    expect(replied.slice(0, 2)).toEqual([mail, rcpt]);
    expect(replied[2]?.slice(0, 9)).toBe(data?.slice(0, 9));
    expect(replied[2]).toContain('Wrong command line: --class needs --source');
    // DSPAM answers QUIT as where RCPT is expected.
    expect(replied.slice(3)).toEqual(['221 2.0.0 OK']);
  });

  test('99c-dlmtp-mode; different: the name of a user may begin with -', async () => {
    const wanted = recorded('99c-dlmtp-mode').map((line) =>
      line.startsWith('503 5.1.2') ? '250 2.1.5 OK' : line,
    );
    const accepted = wanted.findIndex((line) => line.startsWith('250 2.6.0'));
    wanted.splice(accepted, 0, '250 2.6.0 <-bad> Message accepted for delivery: INNOCENT');
    expect(await replies('99c-dlmtp-mode')).toEqual(wanted);
  });
});
