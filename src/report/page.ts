/**
 * The report of an evaluation: one page of HTML that is whole in itself. No script, nothing loaded from anywhere, which the page's
 * own security policy enforces as well; well-formed XML, so that any tool can read it.
 */
import { histogramChart } from './chart/histogram.ts';
import { learningChart } from './chart/learning.ts';
import { reliabilityChart } from './chart/reliability.ts';
import { rocChart } from './chart/roc.ts';
import { figures, type Figures } from './figures.ts';
import { learningStages } from './learning.ts';
import { markup, Markup } from './markup.ts';
import { mistakeEntry, type Mistake } from './mistake.ts';
import { reliabilityBins, reliabilityPercent, type Bin, type Told } from './reliability.ts';
import { rankedGroups, rocPoints } from './roc.ts';
import { style } from './style.ts';

/** What is reported. */
export interface Report {
  /** Which mail was judged. */
  readonly index: string;
  /** Who told what, in the words of the command line. */
  readonly protocol: string;
  readonly at: Date;
  /** In the order of judging. */
  readonly judged: readonly Told[];
  /** The worst first. */
  readonly mistakes: readonly Mistake[];
}

const names = {
  messages: 'messages',
  ham: 'ham',
  spam: 'spam',
  oneMinusRocaPercent: '1-ROCA % (area above the ROC curve)',
  lamPercent: 'lam % (logistic average of both error rates)',
  hamErrorPercent: 'ham lost, %',
  spamErrorPercent: 'spam missed, %',
  spamMissedAtHamPoint1Percent: 'spam missed at 0.1 % of ham lost, %',
} as const satisfies Record<keyof Figures, string>;

const policy = "default-src 'none'; style-src 'unsafe-inline'";

/** Writes the page. */
export function page({ index, protocol, at, judged, mistakes }: Report): string {
  const all = figures(judged);
  const bins = reliabilityBins(judged);
  const groups = rankedGroups(judged);
  return markup`<!DOCTYPE html>
<html lang="en" xmlns="http://www.w3.org/1999/xhtml">
<head>
<meta charset="utf-8"/>
<meta http-equiv="Content-Security-Policy" content="${policy}"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="referrer" content="no-referrer"/>
<title>tamis: evaluation</title>
<style>${styleSheet}</style>
</head>
<body>
<h1>Evaluation of <bdi>${index}</bdi></h1>
<p>${protocol}; ${at.toISOString().slice(0, 16).replace('T', ' ')} UTC. Lower is better for every figure but the counts.</p>
<table><tbody>${Object.entries(names).map(
    ([key, name]) =>
      markup`<tr><th scope="row">${name}</th><td class="number">${shown(all[key as keyof Figures])}</td></tr>`,
  )}<tr><th scope="row">told and observed probability differ by at most, points</th><td class="number">${shown(reliabilityPercent(bins))}</td></tr></tbody></table>
<h2>Charts</h2>
<div class="charts">
${figure(rocChart(rocPoints(groups), all), 'ROC curve: what each threshold loses and misses. Nearer to the lower left is better; what lies at the edge is none, or beyond. The dashed line is 0.1 % of ham.')}
${figure(learningChart(learningStages(judged)), 'Learning curve: the shares over all messages so far.')}
${figure(reliabilityChart(bins), 'Reliability: on the dashed diagonal the told probability is the true one; the strokes are 95 % intervals.')}
${figure(histogramChart(judged), 'Scores: spam above the middle line, ham below. Spam on the left and ham on the right are hard to tell. At 0 both are equally likely.')}
</div>
<h2>Reliability</h2>
${reliabilityTable(bins)}
<h2>The worst mistakes</h2>
<p>With the features that made them, as they were known when the message was judged.</p>
${mistakeList('Ham taken for spam', mistakes, false)}
${mistakeList('Spam taken for ham', mistakes, true)}
</body>
</html>
`.text;
}

/** The style sheet holds no `<` and no `&`: it is the same in HTML and XML. */
const styleSheet = new Markup(style);

function figure(chart: Markup, words: string): Markup {
  return markup`<figure>${chart}<figcaption>${words}</figcaption></figure>`;
}

function reliabilityTable(bins: readonly Bin[]): Markup {
  return markup`<table><caption>The largest distance above is over bins of at least 100 messages.</caption>
<thead><tr><th scope="col">told, %</th><th scope="col">messages</th><th scope="col">mean told</th><th scope="col">observed</th><th scope="col">95 % interval</th></tr></thead>
<tbody>${bins.map(({ from, to, messages, told, observed, low, high }) => {
    const cells =
      messages === 0
        ? ['', '', '']
        : [inHundred(told), inHundred(observed), `${inHundred(low)} to ${inHundred(high)}`];
    return markup`<tr><th scope="row">${Math.round(100 * from)} to ${Math.round(100 * to)}</th><td class="number">${messages}</td>${cells.map((cell) => markup`<td class="number">${cell}</td>`)}</tr>`;
  })}</tbody></table>`;
}

function mistakeList(title: string, mistakes: readonly Mistake[], spam: boolean): Markup {
  const entries = mistakes.filter((mistake) => mistake.spam === spam).map(mistakeEntry);
  return markup`<section><h2>${title}</h2>${entries.length === 0 ? markup`<p>None.</p>` : markup`<ol>${entries}</ol>`}</section>`;
}

function inHundred(share: number): string {
  return (100 * share).toFixed(1);
}

function shown(value: number): string {
  if (Number.isNaN(value)) return 'unknown';
  return Number.isInteger(value) ? value.toString() : value.toFixed(4);
}
