/**
 * What dspamc said to DSPAM's daemon, byte by byte, said again: the answers are DSPAM's but for signatures, dates and the model's numbers, unless the name of a test says why not.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { captureNames, messageIn, numberless } from './capture.ts';
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
  const text = readFileSync(fileURLToPath(new URL(`captures/${name}.txt`, import.meta.url)), 'latin1');
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
