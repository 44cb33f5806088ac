/**
 * `tamis train`: learns mail that a user has sorted.
 *
 * The classes alternate in proportion to how much there is of each, because learners forget the class that came first.
 * Running it again learns only what is new; a run that was killed is gone on with by running it again.
 */
import { resolve } from 'node:path';
import { countMessages, messages, type CorpusItem } from '../corpus/messages.ts';
import { TamisError } from '../errors.ts';
import type { Config } from '../config/load.ts';
import type { Settings } from '../config/settings.ts';
import { learnAll, type Example } from '../judge/bulk.ts';
import { readMessage } from '../judge/reading.ts';
import { sharedHome, writeSharedModel } from '../judge/shared.ts';
import { userName, withUser } from '../judge/users.ts';
import { allFeatures } from '../judge/warm.ts';
import { logError } from '../log.ts';
import { configOf, jsonOption, patience, print, type Command, type CommonArguments } from './command.ts';
import { progressBar } from './progress.ts';

interface TrainArguments extends CommonArguments {
  user: string | undefined;
  shared: boolean;
  json: boolean;
  spam: string[] | undefined;
  innocent: string[] | undefined;
}

/** The command. */
export const trainCommand: Command<TrainArguments> = {
  command: 'train',
  describe: 'Learn Maildirs, folders, mbox files or messages as spam and as innocent.',
  builder: (yargs) =>
    jsonOption(yargs)
      .option('user', { type: 'string', requiresArg: true, describe: 'Whose filter.' })
      .option('shared', {
        type: 'boolean',
        default: false,
        describe: 'Learn for everybody: the model under every user’s own.',
      })
      .option('spam', { type: 'string', array: true, requiresArg: true, describe: 'PATHs of spam.' })
      .option('innocent', {
        type: 'string',
        array: true,
        requiresArg: true,
        describe: 'PATHs of innocent mail.',
      }),
  handler: async ({ user, shared, json, spam = [], innocent = [], ...options }) => {
    if (spam.length + innocent.length === 0) {
      throw new TamisError('USAGE', 'Wrong command line: train needs --spam PATH or --innocent PATH.');
    }
    if ([...spam, ...innocent].includes('')) {
      throw new TamisError('USAGE', 'Wrong command line: --spam and --innocent take a PATH; one is empty.');
    }
    const both = spam.find((path) => innocent.some((other) => resolve(other) === resolve(path)));
    if (both !== undefined) {
      throw new TamisError('USAGE', `Wrong command line: ${both} cannot be both spam and innocent.`);
    }
    if ((user === undefined) !== shared) {
      throw new TamisError('USAGE', 'Wrong command line: train needs either --user NAME or --shared.');
    }
    const site = configOf(options);
    const config = shared ? { ...site, home: sharedHome(site.home) } : site;
    const name = shared ? 'everybody' : userName(user ?? '', config);
    const started = performance.now();
    const classes = [await pileOf(spam, true), await pileOf(innocent, false)];
    const progress = progressBar(classes.reduce((sum, { count }) => sum + count, 0));
    const tally = { spam: 0, innocent: 0, duplicates: 0, failed: 0 };
    const failed = (item: { path: string }, error: unknown): void => {
      tally.failed++;
      progress.step();
      logError(new TamisError('INPUT', `${item.path} was not learned.`, { cause: error }));
    };
    try {
      await learnAll(config, name, examples(classes, config.settings, failed), (example, learning) => {
        tally[learning === 'duplicate' ? 'duplicates' : example.spam ? 'spam' : 'innocent']++;
        progress.step();
      });
      if (shared) await publish(site, config, name);
    } finally {
      progress.stop();
    }
    const seconds = Math.round(performance.now() - started) / 1000;
    print(json, { ...tally, seconds }, () => [
      `${tally.spam} spam and ${tally.innocent} innocent messages learned for ${name}, ` +
        `${tally.duplicates} known already, ${tally.failed} failed, in ${seconds} s`,
    ]);
    if (tally.failed > 0 && tally.failed === Object.values(tally).reduce((sum, count) => sum + count))
      throw new TamisError('INPUT', `Nothing was learned for ${name}: all ${tally.failed} failed.`);
  },
};

/** Puts what has been learned for everybody where the filter reads it. */
async function publish(site: Config, config: Config, name: string): Promise<void> {
  await withUser(config, name, { create: true, wait: patience }, async (store) => {
    if (store === undefined) return;
    writeSharedModel(site.home, (await allFeatures(store)).rows(), await store.totals());
  });
}

/** The messages of one class, and how far they have been read. */
interface Pile {
  readonly spam: boolean;
  readonly paths: readonly string[];
  readonly count: number;
}

async function pileOf(paths: readonly string[], spam: boolean): Promise<Pile> {
  let count = 0;
  for (const path of paths) count += await countMessages(path);
  return { spam, paths, count };
}

/** Reads messages of all piles, each time one of the pile of which the smallest share has been read. */
async function* examples(
  piles: readonly Pile[],
  { prefixBytes: limit }: Settings,
  failed: (item: { path: string }, error: unknown) => void,
): AsyncGenerator<Example> {
  const open = piles.map((pile) => ({ pile, items: itemsOf(pile, limit), done: 0 }));
  while (open.length > 0) {
    const shares = open.map(({ pile, done }) => done / Math.max(1, pile.count));
    const at = shares.indexOf(Math.min(...shares));
    const turn = open[at];
    if (turn === undefined) return;
    const next = await turn.items.next();
    if (next.done === true) {
      open.splice(at, 1);
      continue;
    }
    turn.done++;
    if ('error' in next.value) {
      failed(next.value, next.value.error);
      continue;
    }
    try {
      const { bytes } = next.value;
      yield { reading: await readMessage(bytes), prefix: bytes, spam: turn.pile.spam };
    } catch (error) {
      failed(next.value, error);
    }
  }
}

async function* itemsOf({ paths }: Pile, limit: number): AsyncGenerator<CorpusItem> {
  for (const path of paths) yield* messages(path, limit);
}
