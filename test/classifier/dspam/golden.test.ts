/**
 * What DSPAM 3.10.2 itself made of 66 messages (golden/): tokens after training, verdicts, header lines with factors.
 *
 * Each run trains ham00 … ham19 and spam00 … spam19 from the corpus in turn, then judges others; everything is made here anew with the
 * engine and compared line by line.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { decimals } from '../../../src/classifier/dspam/decimals.ts';
import { judge, type Judgement } from '../../../src/classifier/dspam/judge.ts';
import type { Algorithm, JudgeOptions, PValue, Tokenizer } from '../../../src/classifier/dspam/options.ts';
import { probabilityFor, type DspamTotals, type Hits } from '../../../src/classifier/dspam/probability.ts';
import { readMessage, type MessageText } from '../../../src/classifier/dspam/text.ts';
import { tokensOf } from '../../../src/classifier/dspam/tokens.ts';
import { learn } from '../../../src/classifier/dspam/training.ts';

const folder = new URL('golden/', import.meta.url);
const runs = ['word-graham', 'chain-gb', 'chain-robinson', 'chain-chi', 'osb-gb', 'sbph-markov'];

describe.each(runs)('%s', (run) => {
  const verdicts = linesOf(`${run}.classify.txt`);
  const options = optionsOf(verdicts[0] ?? '');
  const user = trained(options);

  test('has the tokens of DSPAM', () => {
    // dspam_dump computes without bias.
    const probabilityOf = probabilityFor(user.totals, { ...options, bias: false });
    const rows = [...user.hits]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, { spam, innocent, name }]) => {
        const probability = options.pValue === 'markov' ? 0.5 : probabilityOf(name, { spam, innocent });
        return `${key} ${padded(spam)} ${padded(innocent)} ${decimals(probability, 4)}`;
      });
    expect(rows).toEqual(linesOf(`${run}.tokens.txt`));
  });

  test.each(verdicts.slice(1).map((line) => [line.split(' ', 1)[0] ?? '', line] as const))(
    'judges %s as DSPAM did',
    (name, line) => {
      const { spam, probability, confidence } = user.judge(name);
      const word = spam ? 'Spam' : 'Innocent';
      const told = `result="${word}"; class="${word}"; probability=${decimals(probability, 4)}; confidence=${decimals(confidence, 2)}`;
      expect(line).toContain(told);
    },
  );

  test.each(sectionsOf(`${run}.headers.txt`))('has the factors of DSPAM for %s', (name, section) => {
    expect(headersOf(user.judge(name))).toBe(section);
  });
});

interface User {
  readonly totals: DspamTotals;
  readonly hits: ReadonlyMap<bigint, Hits & { readonly name: string }>;
  judge(name: string): Judgement;
}

function trained(options: JudgeOptions): User {
  const hits = new Map<bigint, Hits & { readonly name: string }>();
  const totals = { spamLearned: 0, innocentLearned: 0, spamClassified: 0, innocentClassified: 0 };
  const lookup = (key: bigint): Hits => hits.get(key) ?? { spam: 0, innocent: 0 };
  for (let i = 0; i < 20; i++) {
    for (const kind of ['ham', 'spam']) {
      const tokens = tokensOf(message(kind + String(i).padStart(2, '0')), options);
      const names = new Map(tokens.all.map(({ key, name }) => [key, name]));
      const lesson = {
        spam: kind === 'spam',
        source: 'corpus',
        unlearn: false,
        takesBack: false,
        confidence: 1,
      } as const;
      const learning = learn(tokens, lookup, totals, lesson, { ...options, mode: 'teft' });
      for (const { key, spam, innocent } of learning.tokens) {
        const before = lookup(key);
        const name = names.get(key) ?? '';
        hits.set(key, { spam: before.spam + spam, innocent: before.innocent + innocent, name });
      }
      totals.spamLearned += learning.totals.spamLearned ?? 0;
      totals.innocentLearned += learning.totals.innocentLearned ?? 0;
    }
  }
  return { totals, hits, judge: (name) => judge(tokensOf(message(name), options), lookup, totals, options) };
}

/** Reads the first line of a `.classify.txt`: `# tokenizer=chain algorithm=graham burton pvalue=bcr bias=on mode=TEFT`. */
function optionsOf(line: string): JudgeOptions {
  const value = (name: string): string => new RegExp(`${name}=([^=]*)(?: \\w+=|$)`).exec(line)?.[1] ?? '';
  return {
    tokenizer: value('tokenizer') as Tokenizer,
    algorithms: value('algorithm').split(' ') as Algorithm[],
    pValue: value('pvalue') as PValue,
    bias: value('bias') === 'on',
    sedation: 5,
    noise: false,
    whitelist: true,
    whitelistThreshold: 10,
    untilMature: false,
    ignoredFields: [],
  };
}

function headersOf({ spam, probability, confidence, factors }: Judgement): string {
  return [
    `X-DSPAM-Result: ${spam ? 'Spam' : 'Innocent'}`,
    `X-DSPAM-Confidence: ${decimals(confidence, 4)}`,
    `X-DSPAM-Probability: ${decimals(probability, 4)}`,
    `X-DSPAM-Factors: ${factors.length},`,
    factors.map((factor) => `\t${factor.name}, ${decimals(factor.probability, 5)}`).join(',\n'),
  ].join('\n');
}

function sectionsOf(file: string): [name: string, text: string][] {
  const sections = linesOf(file).join('\n').split('## ').slice(1);
  return sections.map((section) => {
    const [name = '', ...lines] = section.trimEnd().split('\n');
    return [name, lines.join('\n')];
  });
}

function linesOf(file: string): string[] {
  return readFileSync(new URL(file, folder), 'latin1').trimEnd().split('\n');
}

function message(name: string): MessageText {
  return readMessage(readFileSync(new URL(`msgs/${name}.eml`, folder)));
}

function padded(hits: number): string {
  return String(hits).padStart(5, '0');
}
