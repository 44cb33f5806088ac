/**
 * One message for one user, from its first bytes to its verdict: what the filter does between reading and writing.
 */
import type { Config } from '../config/load.ts';
import { explain } from '../classifier/explanation.ts';
import type { Deadline } from './deadline.ts';
import { isBlocklisted } from './blocklist.ts';
import { countsOf } from './counts.ts';
import { dspamEngine, Engines } from './engines.ts';
import { membershipOf } from './groups.ts';
import { withMember, type Member, type Users } from './members.ts';
import { readMessage, type FullReading, type Reading } from './reading.ts';
import { isOptedOut } from './preferences.ts';
import { over, sharedModel } from './shared.ts';
import { standingOf, type Standing } from './standing.ts';
import { UserFilter, type Opinion } from './userfilter.ts';
import { userName } from './users.ts';
import type { Verdict } from './verdict.ts';

/** What to do with a message. */
export interface Task {
  readonly user: string;
  readonly config: Config;
  /** Judge only: learn nothing, write nothing. */
  readonly classify?: boolean;
  /** How a user's memory is come by: opened for this message alone, unless somebody keeps users (daemon/). */
  readonly users?: Users;
}

/** How many factors a header names. */
const factorCount = 15;
/** Below this confidence a verdict of innocent is unsure, and groups are asked: DSPAM's. */
const unsure = 0.65;
/** Messages of each class below which a user is new to DSPAM's global groups. */
const experience = { innocent: 1000, spam: 250 } as const;

/** What others say of a message. */
type Told = Pick<Verdict, 'probability' | 'confidence'> & { readonly spam: true };

/** Judges a message that arrives; learns from it as the training mode says. */
export async function judgeMessage(prefix: Uint8Array, task: Task, deadline: Deadline): Promise<Verdict> {
  const { config } = task;
  // Reading the message and opening the store go on side by side; whichever fails first decides.
  const read = readMessage(prefix, deadline);
  read.catch(() => undefined);
  const { asked, global } = membershipOf(config, userName(task.user, config));
  if (asked.length + global.length === 0) return await judgeFor(task, prefix, read, deadline);
  return await judgeFor(task, prefix, read, deadline, await secondOpinion(task, prefix, read, deadline));
}

/** What the others of a user's classification groups say, where the user is unsure or new; undefined unless one says spam. */
async function secondOpinion(
  task: Task,
  prefix: Uint8Array,
  read: Promise<FullReading>,
  deadline: Deadline,
): Promise<Told | undefined> {
  const open = { create: false, wait: deadline.remaining() };
  const { membership, isNew } = await withMember(task, open, async ({ membership, memory, settings }) => {
    const totals = await memory.totals();
    const { judge } = await standingOf(memory, settings, task.config, totals);
    const { spamLearned: spam, innocentLearned: innocent } = countsOf(totals, judge);
    const isNew =
      innocent < experience.innocent || spam < experience.spam || settings.trainingMode === 'notrain';
    return { membership, isNew };
  });
  const own = await judgeFor({ ...task, classify: true }, prefix, read, deadline);
  if (own.result !== 'Innocent' || own.optedOut === true) return undefined;
  const isUnsure = own.confidence < unsure;
  const asked = [...(isUnsure ? membership.asked : []), ...(isUnsure || isNew ? membership.global : [])];
  for (const user of asked) {
    const { result, probability, confidence } = await judgeFor(
      { ...task, user, classify: true },
      prefix,
      read,
      deadline,
    );
    if (result === 'Spam') return { spam: true, probability, confidence };
  }
  return undefined;
}

/** Judges a message for one user, alone or as others have told. */
async function judgeFor(
  task: Task,
  prefix: Uint8Array,
  read: Promise<FullReading>,
  deadline: Deadline,
  told?: Told,
): Promise<Verdict> {
  const { config, classify = false } = task;
  const open = { create: config.settings.createUsers && !classify, wait: deadline.remaining() };
  return await withMember(task, open, async (member) => {
    const { name, settings, known, membership } = member;
    if (isOptedOut(settings)) return optedOut(name);
    const reading = await read;
    const judged: Judged = isBlocklisted(reading.content, settings)
      ? blocklisted
      : await judgedBy(member, config, prefix, reading, deadline, { learns: known && !classify, told });
    const { spamAction, spamSubject, signatureLocation, tagSpam, tagNonspam } = settings;
    return {
      ...judged,
      user: name,
      wishes: { spamAction, spamSubject, signatureLocation, tagSpam, tagNonspam },
      member: membership.managed ? name : undefined,
      at: new Date(),
    };
  });
}

/** What an engine makes of a message. */
type Judged = Pick<
  Verdict,
  'result' | 'blocklisted' | 'probability' | 'confidence' | 'signature' | 'factors'
>;

const blocklisted: Judged = { result: 'Spam', blocklisted: true, probability: 1, confidence: 1 };

/** Lets the user's engine judge. */
async function judgedBy(
  member: Member,
  config: Config,
  prefix: Uint8Array,
  reading: Reading,
  deadline: Deadline,
  how: How,
): Promise<Judged> {
  const { memory, settings } = member;
  const filter = new UserFilter(over(sharedModel(config.home), memory), {
    ...settings,
    trainingMode: how.learns ? settings.trainingMode : 'notrain',
  });
  // Where this engine is set it is asked first, because it reads the totals together with the features.
  const opinion = settings.engine === 'tamis' ? await filter.judge(reading) : undefined;
  const standing = await standingOf(memory, settings, config, opinion?.totals);
  if (standing.judge === 'dspam')
    return await receiveByDspam(member, config, standing, prefix, reading, deadline, how);
  const { opinion: final, signature } = await filter.take(reading, {
    ...(opinion ?? (await filter.judge(reading))),
    ...how.told,
  });
  return {
    result: final.spam ? 'Spam' : 'Innocent',
    probability: final.probability,
    confidence: final.confidence,
    signature,
    factors: settings.showFactors ? factorsOf(reading, final) : undefined,
  };
}

/** How a message is judged. */
interface How {
  readonly learns: boolean;
  readonly told: Told | undefined;
}

async function receiveByDspam(
  member: Member,
  { home }: Config,
  standing: Standing,
  prefix: Uint8Array,
  reading: Reading,
  deadline: Deadline,
  { learns, told }: How,
): Promise<Judged> {
  const { settings } = member;
  const { dspamReading } = await dspamEngine();
  const engines = await Engines.load({ ...member, home }, standing);
  const message = deadline.run(() => dspamReading(prefix, reading));
  const { judgement, signature } = await engines.receive({ own: reading, dspam: message }, !learns, told);
  return {
    result: judgement.whitelisted ? 'Whitelisted' : judgement.spam ? 'Spam' : 'Innocent',
    probability: judgement.probability,
    confidence: judgement.confidence,
    signature,
    factors: settings.showFactors
      ? judgement.factors.map(({ name, probability }) => ({ name: Buffer.from(name, 'latin1'), probability }))
      : undefined,
  };
}

/** Mail of a user who has opted out passes as it came. */
function optedOut(user: string): Verdict {
  return { user, result: 'Innocent', probability: 0, confidence: 0, optedOut: true, at: new Date() };
}

function factorsOf(reading: Reading, opinion: Opinion): Verdict['factors'] {
  const { reasons } = explain(reading.windows, opinion.evidence);
  return reasons
    .slice(0, factorCount)
    .map(({ name, weight }) => ({ name, probability: 1 / (1 + Math.exp(-weight)) }));
}
