import { expect, test } from 'vitest';
import { scoresOf } from '../../src/classifier/classifier.ts';
import { evidenceOf } from '../../src/classifier/evidence.ts';
import { readMessage } from '../../src/judge/reading.ts';

/** What a message has beside a sender. */
interface Draft {
  readonly fields?: string;
  readonly text?: string;
  readonly type?: string;
}

/** What is known of a message in general by who has learned so many. */
async function prior(
  learned: number,
  { fields = '', text = 'Hello', type = 'text/plain' }: Draft,
): Promise<number> {
  const message = `From: kim@example.org\n${fields}Content-Type: ${type}; charset=utf-8\n\n${text}\n`;
  const { features } = await readMessage(Buffer.from(message));
  const trained = { spam: 2 * learned, innocent: 2 * learned };
  return scoresOf(evidenceOf(features, new Int32Array(2 * features.keys.length), trained)).prior;
}

const bounded = (score: number): number => 4 * Math.tanh(score / 4);
const answer = 'In-Reply-To: <1@example.com>\n';

/** A message of each group; that a fact is called as features/facts.ts calls it is seen here only. */
const groups: readonly (Draft & { readonly name: string; readonly score: number })[] = [
  { name: 'an answer', score: -3, fields: `Subject: Re: lunch\n${answer}` },
  { name: 'one in another language', score: -3, fields: `Subject: AW: lunch\n${answer}References: <1@x>\n` },
  { name: 'a thread', score: -3, fields: 'Subject: lunch\nReferences: <1@x>\n' },
  { name: 'a list', score: -1.5, fields: 'List-Id: <x.example.org>\nList-Post: <mailto:x@example.org>\n' },
  {
    name: 'hidden text',
    score: 1.5,
    text: '<p>Buy<i style="display:none">minutes</i></p>',
    type: 'text/html',
  },
  { name: 'letters of no width', score: 1.5, text: 'vi\u200bagra and pi\u200blls' },
  { name: 'letters of two scripts in a word', score: 1.5, text: 'v\u0456agra and p\u0456lls' },
  { name: 'a link by number', score: 2, text: 'See http://192.0.2.7/x' },
  { name: 'a link with a user name', score: 2, text: 'See http://bank@example.net/x' },
  { name: 'shouting', score: 1.5, fields: 'Subject: BUY IT NOW\n' },
  { name: 'nothing', score: 0, fields: 'Subject: lunch\n' },
];

test.each(groups)('$name argues by $score', async ({ score, ...message }) => {
  expect(await prior(0, message)).toBeCloseTo(bounded(score), 9);
  // It fades.
  expect(await prior(40, message)).toBeCloseTo(bounded(score / 2), 9);
  expect(Math.abs(await prior(8000, message))).toBeLessThan(0.02);
});
