/**
 * `dspam_stats [-HrsSt] [USER…]`: how often the filter was right, in DSPAM's layouts (captures 60 to 66 and 73).
 *
 * `-H` a table, `-S` the rates, `-t` the sum of all users, `-s` since the last snapshot, `-r` take one (of what was, it prints as without).
 * A snapshot is the file `snapshots/FOLDER` of the home: the six counts, as in DSPAM's USER.rstats. Different from DSPAM's: all users are those
 * that exist, by their whole names (captures 64 to 66 list halves of them), and `--help` is not a user list (capture 75).
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config/load.ts';
import { systemCode } from '../../errors.ts';
import { countsOf, type Counts } from '../../judge/counts.ts';
import { standingOf } from '../../judge/standing.ts';
import { userName } from '../../judge/users.ts';
import { folderOf } from '../../store/names.ts';
import { forEachUser } from './users.ts';
import { configured, letters, say, usage } from './words.ts';

/** True and false positives and negatives, and the messages of collections: TP TN FP FN SC NC. */
type Figures = readonly [number, number, number, number, number, number];

const none: Figures = [0, 0, 0, 0, 0, 0];
/** Innocent messages after which DSPAM takes itself as trained. */
const trained = 2500;

/** The program. */
export async function runStats(argv: readonly string[]): Promise<void> {
  if (argv.includes('-h') || argv.includes('--help'))
    throw usage(
      'dspam_stats takes [-HrsSt] [USER…]: table, reset the snapshot, since the snapshot, rates, total',
    );
  const { config, argv: rest } = configured(argv);
  const { options, words } = letters(rest, 'HrsSt');
  let total = none;
  await forEachUser(config, words, async (store, given) => {
    const name = userName(given, config);
    const totals = await store.totals();
    const { judge } = await standingOf(store, config.settings, config, totals);
    const all = figuresOf(countsOf(totals, judge));
    const figures = options.has('s') ? sum(all, snapshot(config, name), -1) : all;
    total = sum(total, figures, 1);
    say(...linesOf(name, figures, options));
    if (options.has('r')) takeSnapshot(config, name, all);
  });
  if (options.has('t')) say(...linesOf('TOTAL', total, options));
}

/** DSPAM's totals as figures: what was learned or classified, less what was wrong or of a collection. */
export function figuresOf(counts: Counts): Figures {
  const {
    spamMisclassified: missed,
    innocentMisclassified: wrong,
    spamCorpusfed,
    innocentCorpusfed,
  } = counts;
  const spam = counts.spamLearned + counts.spamClassified - missed - spamCorpusfed;
  const innocent = counts.innocentLearned + counts.innocentClassified - wrong - innocentCorpusfed;
  return [Math.max(0, spam), Math.max(0, innocent), wrong, missed, spamCorpusfed, innocentCorpusfed];
}

/** The lines for one user. */
export function linesOf(name: string, figures: Figures, options: ReadonlySet<string>): string[] {
  if (options.has('H')) return table(name, figures);
  const names = ['TP', 'TN', 'FP', 'FN', 'SC', 'NC'];
  const counts = figures.map((figure, at) => `${names[at] ?? ''}:${String(figure).padStart(6)}`);
  const { SHR, HSR, OCA } = ratesOf(figures);
  const rates = [`SHR: ${percent(SHR)}`, `HSR: ${percent(HSR)}`, `OCA: ${percent(OCA)}`];
  const lines = [name, `    ${counts.join(' ')}`];
  return options.has('S') ? [...lines, `    ${rates.join('       ')}`] : lines;
}

function table(name: string, figures: Figures): string[] {
  const [TP, TN, FP, FN, SC, NC] = figures;
  const rates = ratesOf(figures);
  const left = Math.max(0, trained - TN - FP - NC);
  const rows: readonly (readonly [string, string])[] = [
    ['TP True Positives:', `${TP}`],
    ['TN True Negatives:', `${TN}`],
    ['FP False Positives:', `${FP}`],
    ['FN False Negatives:', `${FN}`],
    ['SC Spam Corpusfed:', `${SC}`],
    ['NC Nonspam Corpusfed:', `${NC}`],
    ['TL Training Left:', `${left}`],
    ['SHR Spam Hit Rate', percent(rates.SHR)],
    ['HSR Ham Strike Rate:', percent(rates.HSR)],
    ['PPV Positive predictive value:', percent(rates.PPV)],
    ['OCA Overall Accuracy:', percent(rates.OCA)],
  ];
  const lines = rows.map(([label, value]) => `        \t${label}${value.padStart(40 - label.length)}`);
  return [`${name}:`, ...lines, '        '];
}

/** In percent; of nothing they are 100, all four (capture 66). */
function ratesOf([TP, TN, FP, FN]: Figures): Record<'SHR' | 'HSR' | 'PPV' | 'OCA', number> {
  const share = (part: number, whole: number): number => (whole === 0 ? 100 : (100 * part) / whole);
  return {
    SHR: share(TP, TP + FN),
    HSR: share(FP, FP + TN),
    PPV: share(TP, TP + FP),
    OCA: share(TP + TN, TP + TN + FP + FN),
  };
}

function percent(rate: number): string {
  return `${rate.toFixed(2).padStart(7)}%`;
}

function sum(one: Figures, other: Figures, sign: 1 | -1): Figures {
  const at = (place: 0 | 1 | 2 | 3 | 4 | 5): number => one[place] + sign * other[place];
  return [at(0), at(1), at(2), at(3), at(4), at(5)];
}

function snapshotFile({ home }: Config, name: string): string {
  return join(home, 'snapshots', folderOf(name));
}

/** The figures at the last snapshot; zeros where there is none. The file has DSPAM's order: TP,TN,FN,FP,SC,NC. */
function snapshot(config: Config, name: string): Figures {
  try {
    const [TP = 0, TN = 0, FN = 0, FP = 0, SC = 0, NC = 0] = readFileSync(
      snapshotFile(config, name),
      'latin1',
    )
      .split(',')
      .map((part) => Number.parseInt(part, 10) || 0);
    return [TP, TN, FP, FN, SC, NC];
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return none;
    throw error;
  }
}

function takeSnapshot(config: Config, name: string, [TP, TN, FP, FN, SC, NC]: Figures): void {
  const file = snapshotFile(config, name);
  mkdirSync(join(config.home, 'snapshots'), { recursive: true });
  writeFileSync(`${file}.new`, `${[TP, TN, FN, FP, SC, NC].join(',')}\n`);
  renameSync(`${file}.new`, file);
}
