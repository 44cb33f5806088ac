/** Handing on to servers that answer anything at any step: a success is passed on only where the server has taken the message. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ServerHanding } from '../../src/daemon/hand-to-server.ts';

const steps = ['greeting', 'LHLO', 'MAIL', 'RCPT', 'DATA', 'dot'] as const;
type Step = (typeof steps)[number];

const usual: Readonly<Record<Step, string>> = {
  greeting: '220 next',
  LHLO: '250-next\r\n250 8BITMIME',
  MAIL: '250 2.1.0 OK',
  RCPT: '250 2.1.5 OK',
  DATA: '354 go on',
  dot: '250 2.0.0 Kept',
};

const together: Readonly<Record<Step, string>> = { ...usual, LHLO: '250-next\r\n250 PIPELINING' };

let answers: Readonly<Record<Step, string>> = usual;
let taken = 0;
let connections = 0;
/** What came in together, and what the server says by itself once it has kept a message. */
let pieces: string[] = [];
let stray: string | undefined;
const folder = mkdtempSync(join(tmpdir(), 'tamis-next-'));
const path = join(folder, 'next');
let server: Server;

/** Answers step by step; `cut` ends the connection, everything else is sent. */
function serve(socket: Socket): void {
  connections++;
  let input = '';
  let inData = false;
  const answer = (step: Step): void => {
    const text = answers[step];
    if (text === 'cut') socket.destroy();
    else socket.write(`${text}\r\n`);
  };
  socket
    .on('error', () => undefined)
    .on('data', (piece: Buffer) => {
      pieces.push(piece.toString('latin1'));
      input += piece.toString('latin1');
      for (let end = input.indexOf('\r\n'); end >= 0; end = input.indexOf('\r\n')) {
        const line = input.slice(0, end);
        input = input.slice(end + 2);
        const step = inData ? (line === '.' ? 'dot' : undefined) : steps.find((one) => line.startsWith(one));
        if (step === undefined) continue;
        inData = step === 'DATA' && answers.DATA.startsWith('354');
        if (step === 'dot') taken++;
        answer(step);
        if (step === 'dot' && stray !== undefined) setTimeout(() => socket.write(stray ?? ''), 5);
      }
    });
  answer('greeting');
}

beforeAll(async () => {
  server = createServer(serve);
  await new Promise<void>((resolve) => server.listen(path, resolve));
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

async function* message(): AsyncGenerator<Buffer> {
  yield await Promise.resolve(Buffer.from('Subject: x\r\n\r\nx\r\n'));
}

const envelope = {
  sender: 'a@b',
  recipient: 'c@d',
  user: 'c@d',
  domain: 'd',
  eightBit: false,
  utf8: false,
};

/** Hands on one message after another, each with what the server answers; the replies. */
async function handOn(...all: readonly (typeof answers)[]): Promise<readonly string[]> {
  const handing = new ServerHanding({ kind: 'lmtp', address: { path } });
  const given: string[] = [];
  [taken, connections, pieces] = [0, 0, []];
  for (answers of all) {
    given.push(await handing.handOn({ envelope, spam: false, message }));
    if (stray !== undefined) await sleep(30);
  }
  handing.close();
  return given;
}

const replies = [
  ...['200 x', '220 x', '250 x', '250-x\r\n250 x', '251 x', '252 x', '334 x', '354 x', '399 x'],
  ...[
    '421 x',
    '450 x',
    '451 4.3.0 x',
    '452 x',
    '500 x',
    '503 x',
    '521 x',
    '530 x',
    '550 5.1.1 x',
    '554 x',
    '599 x',
  ],
  ...['', 'x', '25', '2500 x', '-1', '999 x', '250-x\r\n550 x', 'cut'],
];
const cases = [usual, together].flatMap((server) =>
  steps.flatMap((step) => replies.map((reply) => [step, reply, server] as const)),
);

/** Nobody says that a message was taken who has not got it, and nobody bounces it but by a refusal of its own. */
function check(answer: string, reply: string): void {
  expect(answer).toMatch(/^(?:250 2|45\d 4|5[1-9]\d 5)\.\d{1,3}\.\d{1,3}(?: |$)/);
  if (answer.startsWith('250')) expect(taken).toBe(1);
  if (answer.startsWith('5')) expect(reply).toMatch(/(?:^|\n)5/);
}

test.each(cases)('%s is answered with %j', async (step, reply, server) => {
  const [answer = ''] = await handOn({ ...server, [step]: reply });
  check(answer, reply);
});

test.each(cases)('%s is answered with %j on a connection that was good', async (step, reply, server) => {
  const [first = '', answer = ''] = await handOn(server, { ...server, [step]: reply });
  expect(first).toBe(kept);
  taken--;
  check(answer, reply);
});

const kept = '250 2.0.0 Kept';

test('all commands go out at once to a server that takes them so, one after another to any other', async () => {
  const commands = ['MAIL FROM:<a@b>\r\n', 'RCPT TO:<c@d>\r\n', 'DATA\r\n'];
  const whole = 'Subject: x\r\n\r\nx\r\n.\r\n';
  expect(await handOn(together, together)).toEqual([kept, kept]);
  expect(pieces.slice(-4)).toEqual([commands.join(''), whole, commands.join(''), whole]);
  expect(await handOn(usual)).toEqual([kept]);
  expect(pieces.slice(-4)).toEqual([...commands, whole]);
});

test.each(['250 x\r\n', '354 x\r\n', '250 x\r\n250 x\r\n354 x\r\n', '421 x\r\n', '\r\n', 'x'])(
  'a server that says %j by itself is asked anew',
  async (words) => {
    stray = words;
    try {
      expect(await handOn(together, together)).toEqual([kept, kept]);
      expect([taken, connections]).toEqual([2, 2]);
    } finally {
      stray = undefined;
    }
  },
);

test('a success that is said before the message was there is none', async () => {
  for (const server of [usual, together]) {
    const [answer] = await handOn({ ...server, DATA: '354 go on\r\n250 2.0.0 early', dot: '552 5.2.2 full' });
    expect(answer).toMatch(/^451 /);
  }
});

test('a server that waits for a message behind a refusal gets no goodbye that it could take for one', async () => {
  const [answer] = await handOn({ ...together, RCPT: '550 5.1.1 nobody' });
  expect(answer).toBe('550 5.1.1 nobody');
  await sleep(30);
  expect(pieces.join('')).not.toContain('QUIT');
});

test('a connection that the server has ended, or ends at the next word, costs no message', async () => {
  for (const reply of ['cut', '421 idle']) {
    let cut = false;
    const once = { ...together };
    Object.defineProperty(once, 'MAIL', { get: () => (cut ? usual.MAIL : ((cut = true), reply)) });
    expect(await handOn(together, once)).toEqual([kept, kept]);
    expect(taken).toBe(2);
  }
});
