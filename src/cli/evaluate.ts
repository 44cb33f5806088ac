/**
 * `tamis evaluate`: how well the filter would have judged mail whose class is known.
 *
 * Runs the online protocol (judge/evaluation.ts) over an index with the real filter and a real store, which begins empty in a
 * temporary folder and is removed afterwards. Nobody's own store is touched.
 */
import {
  closeSync,
  createWriteStream,
  mkdtempSync,
  openSync,
  rmSync,
  writeFileSync,
  type WriteStream,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { loadConfig } from '../config/load.ts';
import { readBeginning } from '../corpus/file.ts';
import { readIndex, type IndexEntry } from '../corpus/index-file.ts';
import { TamisError } from '../errors.ts';
import { Evaluation, type Feedback } from '../judge/evaluation.ts';
import { readMessage } from '../judge/reading.ts';
import { UserFilter } from '../judge/userfilter.ts';
import { withUser } from '../judge/users.ts';
import { WarmUser } from '../judge/warm.ts';
import { log } from '../log.ts';
import { figures, type Figures } from '../report/figures.ts';
import type { Mistake } from '../report/mistake.ts';
import { page } from '../report/page.ts';
import { reliabilityBins, reliabilityPercent, type Told } from '../report/reliability.ts';
import { Random, shuffled } from '../report/random.ts';
import { WorstMistakes } from './mistakes.ts';
import { jsonOption, print, type Command, type CommonArguments } from './command.ts';
import { progressBar } from './progress.ts';

interface EvaluateArguments extends CommonArguments {
  index: string;
  root: string | undefined;
  feedback: string;
  'label-noise': number;
  shuffle: number | undefined;
  scores: string | undefined;
  report: string | undefined;
  json: boolean;
}

/** How many messages are judged between two writes to the store. */
const messagesPerWrite = 2000;

/** The command. */
export const evaluateCommand: Command<EvaluateArguments> = {
  command: 'evaluate <index>',
  describe: 'Measure the filter on mail whose class is known: an index of lines `spam|ham PATH`.',
  builder: (yargs) =>
    jsonOption(
      yargs
        .positional('index', { type: 'string', demandOption: true })
        .option('root', {
          type: 'string',
          requiresArg: true,
          describe: 'Where the paths of the index begin.',
        })
        .option('feedback', {
          type: 'string',
          default: 'full',
          requiresArg: true,
          describe: 'Whose class is told: full, errors, unsure, half, delay:N, first:N or none.',
        })
        .option('label-noise', {
          type: 'number',
          default: 0,
          requiresArg: true,
          describe: 'Percent told wrongly, 0 to 100.',
        })
        .option('shuffle', { type: 'number', requiresArg: true, describe: 'Shuffle by this seed.' })
        .option('scores', {
          type: 'string',
          requiresArg: true,
          describe: 'Write the score of each message here.',
        })
        .option('report', {
          type: 'string',
          requiresArg: true,
          describe: 'Write a page of HTML with curves and the worst mistakes here.',
        }),
    ),
  handler: async ({ index, root, json, ...options }) => {
    const feedback = feedbackOf(options.feedback);
    checkPercent(options['label-noise']);
    const entries = await readIndex(index, root);
    const order =
      options.shuffle === undefined ? entries : shuffled(entries, new Random(seedOf(options.shuffle)));
    const report = opened('report', options.report);
    const { result, judged, mistakes } = await evaluate(order, feedback, options);
    if (report !== undefined) {
      const noise = options['label-noise'];
      const shuffle = options.shuffle === undefined ? '' : `, shuffled by ${options.shuffle}`;
      const protocol = `Feedback ${options.feedback}${noise > 0 ? `, ${noise} % told wrongly` : ''}${shuffle}`;
      written(report, page({ index, protocol, at: new Date(), judged, mistakes }));
    }
    print(json, result, () => table(result));
  },
};

/** What an evaluation prints. */
interface Result extends Figures {
  /** The largest distance between told and observed probability, in percentage points. */
  readonly reliabilityPercent: number;
  readonly messagesPerSecond: number;
  readonly storeBytes: number;
  readonly signatureBytes: number;
  readonly writes: number;
}

/** An evaluation with what its report shows. */
interface Run {
  readonly result: Result;
  readonly judged: readonly Told[];
  readonly mistakes: readonly Mistake[];
}

type Options = Pick<EvaluateArguments, 'home' | 'config' | 'set' | 'label-noise' | 'scores'>;

async function evaluate(entries: readonly IndexEntry[], feedback: Feedback, options: Options): Promise<Run> {
  const { settings } = loadConfig({ ...options, home: tmpdir() });
  if (settings.engine !== 'tamis')
    log(`the figures are of tamis' own model; the engine ${settings.engine} is not measured.`);
  const { prefixBytes } = settings;
  const noise = new Random(1);
  const scores = streamTo(opened('scores', options.scores));
  const home = mkdtempSync(join(tmpdir(), 'tamis-evaluate-'));
  const config = { home, settings: { ...settings, store: 'level' } };
  const progress = progressBar(entries.length);
  const judged: Told[] = [];
  const worst = new WorstMistakes();
  try {
    return await withUser(config, 'evaluation', { create: true }, async (store) => {
      if (store === undefined) throw new TamisError('STORE_FAILED', `No store could be made in ${home}.`);
      const warm = await WarmUser.load(store);
      const evaluation = new Evaluation(new UserFilter(warm, config.settings), feedback);
      const started = performance.now();
      for (const { path, name, spam } of entries) {
        const reading = await readMessage(readBeginning(path, prefixBytes));
        const told = noise.fraction() * 100 < options['label-noise'] ? !spam : spam;
        const opinion = await evaluation.step({ reading, told });
        const { score, spam: judgedSpam, probability } = opinion;
        judged.push({ spam, score, judgedSpam, probability });
        if (judgedSpam !== spam) worst.add({ path: name, spam, place: judged.length, reading, opinion });
        scores?.write(`${path} judge=${nameOf(spam)} class=${nameOf(judgedSpam)} score=${score}\n`);
        if (judged.length % messagesPerWrite === 0) await warm.flush();
        progress.step();
      }
      await warm.flush();
      const seconds = (performance.now() - started) / 1000;
      const { featureBytes: storeBytes, noteBytes: signatureBytes } = await store.sizes();
      const messagesPerSecond = Math.round(entries.length / seconds);
      const result = {
        ...figures(judged),
        reliabilityPercent: reliabilityPercent(reliabilityBins(judged)),
        messagesPerSecond,
        storeBytes,
        signatureBytes,
        writes: warm.writes,
      };
      return { result, judged, mistakes: worst.list() };
    });
  } finally {
    progress.stop();
    rmSync(home, { recursive: true, force: true });
    await closed(scores, options.scores);
  }
}

/** A file that can be written, opened before the work begins. */
interface OpenFile {
  readonly name: string;
  readonly descriptor: number;
}

function opened(what: 'report' | 'scores', name: string | undefined): OpenFile | undefined {
  if (name === undefined) return undefined;
  try {
    return { name, descriptor: openSync(name, 'w') };
  } catch (cause) {
    throw new TamisError('OUTPUT', `The ${what} cannot be written to ${name}.`, { cause });
  }
}

/** Whatever fails is told when it is closed. */
function streamTo(file: OpenFile | undefined): WriteStream | undefined {
  return file && createWriteStream(file.name, { fd: file.descriptor }).on('error', () => undefined);
}

function written({ name, descriptor }: OpenFile, text: string): void {
  try {
    writeFileSync(descriptor, text);
    closeSync(descriptor);
  } catch (cause) {
    throw new TamisError('OUTPUT', `The report cannot be written to ${name}.`, { cause });
  }
}

async function closed(stream: WriteStream | undefined, file = ''): Promise<void> {
  if (stream === undefined) return;
  stream.end();
  try {
    await finished(stream);
  } catch (cause) {
    throw new TamisError('OUTPUT', `The scores cannot be written to ${file}.`, { cause });
  }
}

function feedbackOf(word: string): Feedback {
  switch (word) {
    case 'full':
    case 'errors':
    case 'unsure':
    case 'half':
    case 'none':
      return { kind: word };
  }
  const [, kind, digits] = /^(delay|first):(\d{1,9})$/.exec(word) ?? [];
  if (kind === 'delay' || kind === 'first') return { kind, count: Number(digits) };
  const sentence = `--feedback is full, errors, unsure, half, delay:N, first:N or none, not ${JSON.stringify(word)}.`;
  throw new TamisError('USAGE', `Wrong command line: ${sentence}`);
}

function checkPercent(percent: number): void {
  if (percent >= 0 && percent <= 100) return;
  throw new TamisError('USAGE', 'Wrong command line: --label-noise takes a percentage, 0 to 100.');
}

function seedOf(seed: number): number {
  if (Number.isSafeInteger(seed)) return seed;
  throw new TamisError('USAGE', 'Wrong command line: --shuffle takes an integer.');
}

function nameOf(spam: boolean): string {
  return spam ? 'spam' : 'ham';
}

function table(result: Result): string[] {
  return Object.entries(result).map(([name, value]: [string, number]) => {
    const shown = Number.isInteger(value) ? value.toString() : value.toFixed(4);
    return `${name.padEnd(30)}${shown.padStart(14)}`;
  });
}
