/**
 * What is known of mail in general before a user has taught anything: a few facts that have argued for one side for as long as there has
 * been mail, in every language. It fades as the user teaches: of n messages learned, it counts 40 / (40 + n).
 *
 * - Threads name the message that they answer, which a stranger does not know; mailing lists name themselves.
 * - Who hides text from the reader, mixes scripts within a word or joins it by characters of no width deceives a filter.
 * - Links to a host by number, or with a name before the host, deceive the reader; who shouts sells.
 *
 * The weights are log odds, guessed and rounded rather than fitted: each is far below what any corpus says.
 */
import { factKey } from '../features/keys.ts';
import type { Evidence } from './evidence.ts';
import { wholeMessage } from './pairs.ts';

/** With so many messages learned, the prior counts half. */
const half = 40;

/** Counts as facts.ts tells them: powers of two. */
const counts = Array.from({ length: 19 }, (_, power) => (2 ** power).toString());

/** Facts of which one or several say the same, with the log odds of spam that they argue for. */
const groups: readonly (readonly [weight: number, facts: readonly string[]])[] = [
  [
    -3,
    ['true', 'false'].flatMap((re) => [
      `reply: ${re}, in-reply-to true, references true`,
      `reply: ${re}, in-reply-to true, references false`,
      `reply: ${re}, in-reply-to false, references true`,
    ]),
  ],
  [-1.5, ['has: list-id', 'has: list-post']],
  [1.5, counts.map((count) => `hidden text: ${count}`)],
  [1.5, ['zeroWidth', 'bidi', 'mixedScript'].flatMap((mark) => counts.map((count) => `${mark}: ${count}`))],
  [2, ['link by number: true']],
  [2, ['link with a user name']],
  [1.5, ['subject all capitals: true']],
];

/** The group that each fact belongs to, by its key; made at the first use, which is within the deadline. */
let groupOf: ReadonlyMap<number, number> | undefined;

function groupsByKey(): ReadonlyMap<number, number> {
  return new Map(
    groups.flatMap(([, facts], group) =>
      facts.map((fact): [number, number] => [factKey(Buffer.from(fact)), group]),
    ),
  );
}

/** The log odds of spam that facts argue for in general, less as more has been learned. */
export function priorScore({ keys, ranges, trained }: Evidence): number {
  groupOf ??= groupsByKey();
  const [, made, said] = ranges.header;
  const found = new Set<number>();
  for (let i = made.from; i < said.to; i++) {
    const group = groupOf.get(keys[i] ?? 0);
    if (group !== undefined) found.add(group);
  }
  let sum = 0;
  for (const group of found) sum += groups[group]?.[0] ?? 0;
  return (sum * half) / (half + (trained.spam + trained.innocent) / wholeMessage);
}
