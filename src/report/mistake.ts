/** A mistake with its reasons, as the page shows it. All its strings are the sender's or the site's, and may be hostile. */
import { markup, type Markup } from './markup.ts';

/** A message whose verdict was wrong. */
export interface Mistake {
  readonly path: string;
  readonly subject: string;
  /** Its true class. */
  readonly spam: boolean;
  /** Log odds of spam. */
  readonly score: number;
  /** Of spam, as it was told, 0 to 1. */
  readonly probability: number;
  /** Its place in the order of judging, from 1. */
  readonly place: number;
  /** Why it was judged so, as known at that time; strongest first. */
  readonly reasons: readonly MistakeReason[];
}

/** One reason. */
export interface MistakeReason {
  readonly kind: string;
  readonly name: string;
  /** Log odds of spam; negative: for innocent. */
  readonly weight: number;
}

const longest = { path: 200, subject: 160, name: 80 } as const;

/** The width of the longest bar to one side, in units of its SVG. */
const reach = 40;

/** One mistake as an entry of a list. */
export function mistakeEntry({ path, subject, score, probability, place, reasons }: Mistake): Markup {
  const most = reasons.reduce((far, { weight }) => Math.max(far, Math.abs(weight)), Number.MIN_VALUE);
  return markup`<li><h3><bdi>${cut(subject, longest.subject) || '(no subject)'}</bdi></h3>
<p><bdi>${cut(path, longest.path)}</bdi><br/>message ${place}, score ${signed(score)}, probability of spam ${probability.toFixed(4)}</p>
<table><thead><tr><th scope="col">log odds</th><th scope="col">ham ◂ ▸ spam</th><th scope="col">feature</th></tr></thead>
<tbody>${reasons.map(
    ({ kind, name, weight }) =>
      markup`<tr><td class="number">${signed(weight)}</td><td>${bar(weight / most)}</td><td><span class="kind">${kind}</span> <bdi>${cut(name, longest.name)}</bdi></td></tr>`,
  )}</tbody></table></li>
`;
}

/** A bar to the left or to the right; its figure stands beside it. */
function bar(share: number): Markup {
  const width = Math.max(1, Math.abs(share) * reach).toFixed(1);
  const x = share < 0 ? (reach - Number(width)).toFixed(1) : reach;
  return markup`<svg class="weight" viewBox="0 0 ${2 * reach} 10" aria-hidden="true" xmlns="http://www.w3.org/2000/svg"><path class="guide" d="M${reach} 0V10"/><rect class="bar ${share < 0 ? 'ham' : 'spam'}" x="${x}" y="1" width="${width}" height="8"/></svg>`;
}

function signed(value: number): string {
  return (value < 0 ? '−' : '+') + Math.abs(value).toFixed(2);
}

function cut(text: string, most: number): string {
  const letters = Array.from(text.slice(0, 2 * most));
  return letters.length > most || text.length > 2 * most ? `${letters.slice(0, most).join('')}…` : text;
}
