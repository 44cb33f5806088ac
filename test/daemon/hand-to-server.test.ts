/** Handing on to servers that answer anything at any step: a success is passed on only where the server has taken the message. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

let answers: Readonly<Record<Step, string>> = usual;
let taken = 0;
const folder = mkdtempSync(join(tmpdir(), 'tamis-next-'));
const path = join(folder, 'next');
let server: Server;

/** Answers step by step; `cut` ends the connection, everything else is sent. */
function serve(socket: Socket): void {
  let input = '';
  let inData = false;
  const answer = (step: Step): void => {
    if (answers[step] === 'cut') socket.destroy();
    else socket.write(`${answers[step]}\r\n`);
  };
  socket
    .on('error', () => undefined)
    .on('data', (piece: Buffer) => {
      input += piece.toString('latin1');
      for (let end = input.indexOf('\r\n'); end >= 0; end = input.indexOf('\r\n')) {
        const line = input.slice(0, end);
        input = input.slice(end + 2);
        const step = inData ? (line === '.' ? 'dot' : undefined) : steps.find((one) => line.startsWith(one));
        if (step === undefined) continue;
        inData = step === 'DATA' && answers.DATA.startsWith('354');
        if (step === 'dot') taken++;
        answer(step);
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

async function handOn(): Promise<string> {
  const handing = new ServerHanding({ kind: 'lmtp', address: { path } });
  const envelope = {
    sender: 'a@b',
    recipient: 'c@d',
    user: 'c@d',
    domain: 'd',
    eightBit: false,
    utf8: false,
  };
  try {
    return await handing.handOn({ envelope, spam: false, message });
  } finally {
    handing.close();
  }
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
const cases = steps.flatMap((step) => replies.map((reply) => [step, reply] as const));

test.each(cases)('%s is answered with %j', async (step, reply) => {
  answers = { ...usual, [step]: reply };
  taken = 0;
  const answer = await handOn();
  expect(answer).toMatch(/^(?:250 2|45\d 4|5[1-9]\d 5)\.\d{1,3}\.\d{1,3}(?: |$)/);
  // Nobody says that a message was taken who has not got it, and nobody bounces it but by a refusal of its own.
  if (answer.startsWith('250')) expect(taken).toBe(1);
  if (answer.startsWith('5')) expect(reply).toMatch(/(?:^|\n)5/);
});
