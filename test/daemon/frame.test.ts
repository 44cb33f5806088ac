/** Answers of the daemon as lines. */
import { expect, test } from 'vitest';
import { decodeReply, encodeReply } from '../../src/daemon/frame.ts';

test('an answer comes out as it went in, bytes too', () => {
  const reply = {
    verdict: {
      user: 'joe',
      result: 'Spam',
      probability: 1,
      confidence: 0.5,
      signature: undefined,
      // A worker hands bytes on as a plain array of them.
      factors: [
        { name: 'Subject: Zoë', probability: 0.9 },
        { name: Uint8Array.of(0, 255, 0x61), probability: 0.8 },
      ],
      at: new Date(0),
    },
    footers: [{ start: 1, end: 2, bytes: Buffer.from('x') }],
  } as const;
  const [decoded] = [decodeReply(encodeReply(reply))];
  const factors = [reply.verdict.factors[0], { name: Buffer.of(0, 255, 0x61), probability: 0.8 }];
  expect(decoded).toEqual({ ...reply, verdict: { ...reply.verdict, factors } });
});
