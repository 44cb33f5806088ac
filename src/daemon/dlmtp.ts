/**
 * DSPAM's own protocol, LMTP with its command line in MAIL FROM, so that an existing dspamc works unchanged; and the mode of our
 * own clients (frame.ts), told apart by the first line.
 *
 *     C: LHLO Relay1
 *     C: MAIL FROM: <secret@Relay1> DSPAMPROCESSMODE="--deliver=stdout "
 *     C: RCPT TO: <joe@example.org>                 one for each user
 *     C: DATA, the message, a dot
 *     S: X-Daemon-Classification: INNOCENT          then the message, a dot
 *
 * What goes to stdout comes as bare lines with LF, dots doubled at their beginning, and ends with a dot; else there is a reply
 * for each user: 250, or 421 with the reason. With several users the classification stands before the first message only: dspamc
 * takes only the first off. Where nothing can be said a message goes back unjudged, less forged lines, as the filter does.
 *
 * The password of MAIL FROM is asked for where the configuration has any (`serverPass.IDENT`), and always over TCP; on the public socket
 * it is the secret of a user, who may then be the only recipient (entrance.ts).
 *
 * DSPAM's defects that are not here (captures 17c, 91c, 92c): output that is not dot-stuffed, an answer without its final dot, a
 * failed retraining answered with 250.
 */
import { describe, TamisError } from '../errors.ts';
import { fateOf, type Chosen } from '../filter/deliver.ts';
import { headerLines, summaryLine } from '../filter/headers.ts';
import { blankMessage } from '../filter/passage.ts';
import { openQuarantine, quarantineOf } from '../filter/quarantine.ts';
import type { MessageSettings } from '../judge/modes.ts';
import type { Lesson } from '../judge/teaching.ts';
import type { Verdict } from '../judge/verdict.ts';
import { log } from '../log.ts';
import { mayActFor, type Entrance, type Guest } from './entrance.ts';
import { answerFrame } from './frame-server.ts';
import { frameMark } from './frame.ts';
import { Held } from './held.ts';
import { withDots, withLf } from './lines.ts';
import { outgoing } from './outgoing.ts';
import type { Service } from './service.ts';
import type { Wire } from './wire.ts';

/** What a process mode asks for, for one user. */
export interface Wanted {
  /** What is sent back; nothing, and there is only a reply that says how it went. */
  readonly chosen: Chosen;
  readonly classify: boolean;
  readonly lesson: Lesson | undefined;
  readonly settings: MessageSettings;
  readonly onError: 'pass' | 'defer';
}

/** Reads the words of a process mode for a user; throws TamisError. */
export type Understand = (words: readonly string[], user: string) => Wanted;

/** What the client said before DATA. */
interface Asked {
  readonly guest: Guest;
  readonly words: readonly string[];
  readonly users: string[];
}

const via = 'dlmtp';
/** Wrong passwords before the connection ends. */
const mostTries = 3;
/** Users of one message at most. */
const mostUsers = 1000;

const greeting = '220 DSPAM DLMTP 3.10.2 Authentication Required\r\n';
const hello = [
  '250-localhost.localdomain',
  '250-PIPELINING',
  '250-ENHANCEDSTATUSCODES',
  '250-DSPAMPROCESSMODE',
  '250-8BITMIME',
  '250 SIZE',
];

/** Serves one connection, whose client comes in by an entrance. */
export async function serveDlmtp(
  wire: Wire,
  service: Service,
  { entrance, understand }: { readonly entrance: Entrance; readonly understand: Understand },
): Promise<void> {
  await wire.send(greeting);
  const session = new Session(wire, service, entrance, understand);
  for (let line = await session.next(); line !== undefined; line = await session.next()) {
    if (line.startsWith(frameMark)) {
      await answerFrame(wire, service, entrance, line.slice(frameMark.length));
      return;
    }
    if (!(await session.command(line))) return;
  }
  if (wire.isEnding) await wire.send('421 4.3.2 The daemon is ending; try again\r\n');
}

class Session {
  private readonly wire: Wire;
  private readonly service: Service;
  private readonly entrance: Entrance;
  private readonly understand: Understand;
  private greeted = false;
  private asked: Asked | undefined;
  private tries = 0;

  constructor(wire: Wire, service: Service, entrance: Entrance, understand: Understand) {
    this.wire = wire;
    this.service = service;
    this.entrance = entrance;
    this.understand = understand;
  }

  /** The next command; undefined if there is none, or no other message is to be begun. */
  async next(): Promise<string | undefined> {
    return await (this.asked === undefined ? this.wire.beginning() : this.wire.line());
  }

  /** Answers a command; false ends the connection. */
  async command(line: string): Promise<boolean> {
    const word = /^[A-Z]{4}/i.exec(line)?.[0].toUpperCase() ?? '';
    const handle = Object.hasOwn(this.commands, word) ? this.commands[word] : undefined;
    if (handle !== undefined) return await handle(line);
    const need = !this.greeted ? 'LHLO' : this.asked === undefined ? 'MAIL FROM' : 'RCPT TO or DATA';
    return await this.say(`503 5.0.0 Need ${need} here.`);
  }

  private readonly commands: Readonly<Record<string, (line: string) => Promise<boolean>>> = {
    LHLO: async () => {
      this.greeted = true;
      this.asked = undefined;
      return await this.say(...hello);
    },
    MAIL: async (line) => await this.mail(line),
    RCPT: async (line) => await this.recipient(line),
    DATA: async () => await this.data(),
    RSET: async () => {
      this.asked = undefined;
      return await this.say('250 2.0.0 OK');
    },
    NOOP: async () => await this.say('250 2.0.0 OK'),
    QUIT: async () => {
      await this.say('221 2.0.0 OK');
      return false;
    },
  };

  private async mail(line: string): Promise<boolean> {
    if (!this.greeted) return await this.say('503 5.0.0 Need LHLO here.');
    const [, sender = ''] = /^MAIL FROM: *<([^>]*)>/i.exec(line) ?? [];
    const pass = Buffer.from(sender, 'latin1').toString();
    const guest = this.entrance.admit(pass, this.wire.isUnix, this.service.config);
    if (guest === undefined) {
      await this.say('503 5.1.0 Authentication Required');
      return ++this.tries < mostTries;
    }
    const words = processModeOf(line).replace(/\\(.)/g, '$1').split(' ');
    this.asked = { guest, words: words.filter((one) => one !== ''), users: [] };
    return await this.say('250 2.1.0 OK');
  }

  private async recipient(line: string): Promise<boolean> {
    const [, address = ''] = /^RCPT TO: *<([^>]*)>/i.exec(line) ?? [];
    const { asked } = this;
    if (asked === undefined) return await this.say('503 5.0.0 Need MAIL FROM here.');
    if (address === '') return await this.say('503 5.1.2 Invalid RCPT TO. Use RCPT TO: <recipient>');
    if (asked.users.length >= mostUsers) return await this.say('452 4.5.3 Too many recipients');
    const user = Buffer.from(address, 'latin1').toString();
    if (!mayActFor(asked.guest, user, this.service.config))
      return await this.say('550 5.7.1 This secret is that of another user');
    asked.users.push(user);
    return await this.say('250 2.1.5 OK');
  }

  private async data(): Promise<boolean> {
    const { asked } = this;
    if (asked === undefined || asked.users.length === 0)
      return await this.say('503 5.0.0 Need RCPT TO here.');
    const { guest, words, users } = asked;
    this.asked = undefined;
    let wanted: readonly Wanted[];
    try {
      wanted = users.map((user) => this.understand(words, user));
    } catch (error) {
      return await this.say(`554 5.1.0 ${sentenceOf(error)}`);
    }
    await this.say('354 Enter mail, end with "." on a line by itself');
    await guest.inTurn(async () => {
      await this.take(users, wanted);
    });
    return true;
  }

  /** Takes the message, and does with it for each user what is wanted. */
  private async take(users: readonly string[], wanted: readonly Wanted[]): Promise<void> {
    const { service, wire } = this;
    // With LF, as DSPAM keeps a message.
    const held = await Held.from(withLf(wire.dotted('lf')), service.messageBytes);
    try {
      const answers: Answer[] = [];
      for (const [place, user] of users.entries()) {
        const one = wanted[place];
        if (one !== undefined) answers.push(await this.answer(held, user, one));
      }
      await this.reply(held, answers);
    } finally {
      await held.dispose();
    }
  }

  /** What is to be said of one user's message. */
  private async answer(held: Held, user: string, wanted: Wanted): Promise<Answer> {
    const { service } = this;
    const { lesson, classify, settings, chosen } = wanted;
    // dspamc sends empty lines where it has no message, to retrain by signature (capture 93c).
    const empty = held.size <= blankMessage.length;
    try {
      if (lesson !== undefined) {
        const { verdict } = await service.teach(empty ? undefined : held, { user, via }, lesson);
        return { user, chosen, verdict, footers: [] };
      }
      if (empty) throw new TamisError('INPUT', 'Message is empty. Aborting.');
      const judged = await service.judge(held, { user, via, classify, settings });
      const answer: Success = { user, chosen, ...judged };
      if (!classify && fateOf(chosen, judged.verdict) === 'kept') await this.keep(held, answer);
      return answer;
    } catch (error) {
      if (fateOf(chosen, undefined) !== 'out' || wanted.onError === 'defer' || empty) return { user, error };
      log(`the message passes unjudged: ${describe(error)}`);
      return { user, chosen, verdict: undefined, footers: [] };
    }
  }

  private async reply(held: Held, answers: readonly Answer[]): Promise<void> {
    // The client takes either what it prints or a reply for each user: a failure must not look like a message.
    if (answers.some((answer) => 'error' in answer) || !answers.some(prints)) {
      for (const answer of answers) await this.say(replyOf(answer));
      return;
    }
    let first = true;
    for (const answer of answers) {
      if ('error' in answer) continue;
      const { chosen, verdict } = answer;
      if (chosen.summary && verdict !== undefined) await this.wire.put(summaryLine(verdict));
      if (fateOf(chosen, verdict) !== 'out') continue;
      if (first) await this.wire.put(`X-Daemon-Classification: ${classOf(verdict)}\n`);
      first = false;
      const message = this.outgoing(held, answer);
      for await (const piece of withDots(message, '\n')) await this.wire.put(piece);
    }
    await this.wire.send('.\r\n');
  }

  private outgoing(held: Held, { verdict, footers }: Success): AsyncGenerator<Uint8Array> {
    const lines = verdict === undefined ? '' : headerLines(verdict);
    return outgoing(held, this.service.prefixBytes, { lines, footers });
  }

  /** Keeps spam that does not go back. */
  private async keep(held: Held, answer: Success): Promise<void> {
    const sink = openQuarantine(quarantineOf(this.service.config, this.service.userOf(answer.user)));
    try {
      for await (const piece of this.outgoing(held, answer)) sink.write(piece);
      sink.finish();
    } catch (error) {
      sink.abort();
      throw error;
    }
  }

  private async say(...lines: readonly string[]): Promise<true> {
    await this.wire.send(Buffer.from(lines.map((line) => `${line}\r\n`).join(''), 'latin1'));
    return true;
  }
}

interface Success {
  readonly user: string;
  readonly chosen: Chosen;
  /** Undefined: the message passes unjudged. */
  readonly verdict: Verdict | undefined;
  readonly footers: Parameters<typeof outgoing>[2]['footers'];
}

type Answer = Success | { readonly user: string; readonly error: unknown };

/** Whether anything is sent back beside a reply. */
function prints(answer: Answer): boolean {
  if ('error' in answer) return false;
  const { chosen, verdict } = answer;
  return (chosen.summary && verdict !== undefined) || fateOf(chosen, verdict) === 'out';
}

function replyOf(answer: Answer): string {
  const user = answer.user.replace(/[^\x21-\x7e]/g, '?');
  if ('error' in answer) return `421 4.3.0 <${user}> ${sentenceOf(answer.error)}`;
  return `250 2.6.0 <${user}> Message accepted for delivery: ${classOf(answer.verdict)}`;
}

function classOf(verdict: Verdict | undefined): string {
  return verdict?.result === 'Spam' ? 'SPAM' : 'INNOCENT';
}

function sentenceOf(error: unknown): string {
  return describe(error)
    .replace(/[^\x20-\x7e]/g, '?')
    .slice(0, 400);
}

/** What stands in quotes behind DSPAMPROCESSMODE=; a quote within it has a backslash before it. */
function processModeOf(line: string): string {
  const mark = 'DSPAMPROCESSMODE="';
  const start = line.indexOf(mark);
  const end = line.lastIndexOf('"');
  return start < 0 ? '' : line.slice(start + mark.length, Math.max(start + mark.length, end));
}
