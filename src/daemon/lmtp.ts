/**
 * LMTP (RFC 2033): takes a message for any number of recipients, judges it for each, hands it on (handing.ts), and answers for each.
 *
 *     C: LHLO mail.example.org           with PIPELINING, 8BITMIME, SMTPUTF8, SIZE, ENHANCEDSTATUSCODES
 *     C: MAIL FROM:<kim@example.org>
 *     C: RCPT TO:<joe@example.net>       one for each recipient
 *     C: DATA, the message, a dot
 *     S: 250 2.0.0 In the Maildir        one for each recipient, once the message is safe there
 *
 * The bytes of a message are not changed but for our header lines: the library smtp-server was not taken, because it takes a dot off
 * behind a bare LF. Who can connect may send to any user, so the socket is for mail servers only (address.ts).
 *
 * Limits: no BDAT, no AUTH, no STARTTLS. A recipient who is named twice gets the message twice.
 */
import { hostname } from 'node:os';
import type { Settings } from '../config/settings.ts';
import { describe, TamisError } from '../errors.ts';
import { headerLines } from '../filter/headers.ts';
import { log } from '../log.ts';
import { CommandHanding } from './hand-to-command.ts';
import { MaildirHanding } from './hand-to-maildir.ts';
import { ServerHanding } from './hand-to-server.ts';
import { printable, tryLater, type Envelope, type Handing } from './handing.ts';
import { Held } from './held.ts';
import type { Judged } from './jobs.ts';
import { outgoing } from './outgoing.ts';
import { pathOf, userOf } from './recipient.ts';
import type { Service } from './service.ts';
import type { Wire } from './wire.ts';

const via = 'lmtp';
/** Recipients of one message at most; RFC 5321, 4.5.3.1.8 asks for 100. */
const mostRecipients = 1000;

/** What the client said before DATA. */
interface Transaction {
  readonly sender: string;
  readonly eightBit: boolean;
  readonly utf8: boolean;
  readonly recipients: string[];
}

/** Serves one connection. */
export async function serveLmtp(wire: Wire, service: Service): Promise<void> {
  const session = new Session(wire, service);
  try {
    await session.run();
  } finally {
    // Whatever went wrong: what has been answered is said.
    await wire.flush().catch(() => undefined);
    session.close();
  }
}

class Session {
  private readonly wire: Wire;
  private readonly service: Service;
  private readonly handing: Handing;
  private greeted = false;
  private transaction: Transaction | undefined;

  constructor(wire: Wire, service: Service) {
    this.wire = wire;
    this.service = service;
    this.handing = handingOf(service.config.settings);
  }

  async run(): Promise<void> {
    await this.say(`220 ${hostname()} LMTP tamis ready`);
    for (let line = await this.next(); line !== undefined; line = await this.next()) {
      const word = /^[A-Z]+/i.exec(line)?.[0].toUpperCase() ?? '';
      if (word === 'QUIT') {
        await this.say('221 2.0.0 Goodbye');
        return;
      }
      const handle = Object.hasOwn(this.commands, word) ? this.commands[word] : undefined;
      if (handle === undefined) await this.say('500 5.5.2 There is no such command in LMTP here');
      else await handle(line.slice(word.length));
    }
    if (this.wire.isEnding) await this.say('421 4.3.2 The daemon is ending; try again');
  }

  /** The next command; undefined if there is none, or no other message is to be begun. */
  private async next(): Promise<string | undefined> {
    return await (this.transaction === undefined ? this.wire.beginning() : this.wire.line());
  }

  close(): void {
    this.handing.close();
  }

  private readonly commands: Readonly<Record<string, (argument: string) => Promise<void>>> = {
    LHLO: async (argument) => {
      if (argument.trim() === '') {
        await this.say('501 5.5.4 LHLO needs a name');
        return;
      }
      this.greeted = true;
      this.transaction = undefined;
      const extensions = ['PIPELINING', 'ENHANCEDSTATUSCODES', '8BITMIME', 'SMTPUTF8'];
      const lines = [hostname(), ...extensions].map((line) => `250-${line}`);
      await this.say(...lines, `250 SIZE ${this.service.messageBytes}`);
    },
    MAIL: async (argument) => {
      await this.say(this.mail(argument));
    },
    RCPT: async (argument) => {
      await this.say(this.recipient(argument));
    },
    DATA: async () => {
      await this.data();
    },
    RSET: async () => {
      this.transaction = undefined;
      await this.say('250 2.0.0 OK');
    },
    NOOP: async () => {
      await this.say('250 2.0.0 OK');
    },
    VRFY: async () => {
      await this.say('252 2.1.5 Send some mail, and see');
    },
    HELP: async () => {
      await this.say('214 2.0.0 LHLO MAIL RCPT DATA RSET NOOP VRFY HELP QUIT');
    },
  };

  private mail(argument: string): string {
    if (!this.greeted) return '503 5.5.1 LHLO comes first';
    if (this.transaction !== undefined) return '503 5.5.1 There is a sender already';
    const path = pathOf(argument.replace(/^ FROM:/i, ''));
    if (path === undefined || !/^ FROM:/i.test(argument)) return '501 5.1.7 This is no MAIL FROM:<ADDRESS>';
    let eightBit = false;
    let utf8 = false;
    for (const parameter of path.parameters) {
      const [, size] = /^SIZE=(\d{1,20})$/i.exec(parameter) ?? [];
      if (Number(size ?? 0) > this.service.messageBytes) return tooLarge(this.service);
      const body = /^BODY=(?:7BIT|(8BITMIME))$/i.exec(parameter);
      if (body?.[1] !== undefined) eightBit = true;
      const isUtf8 = /^SMTPUTF8$/i.test(parameter);
      utf8 ||= isUtf8;
      if (size === undefined && body === null && !isUtf8)
        return `555 5.5.4 ${printable(parameter)} is not known`;
    }
    this.transaction = { sender: path.address, eightBit, utf8, recipients: [] };
    return '250 2.1.0 OK';
  }

  private recipient(argument: string): string {
    if (this.transaction === undefined) return '503 5.5.1 MAIL comes first';
    const { recipients } = this.transaction;
    const path = pathOf(argument.replace(/^ TO:/i, ''));
    if (path === undefined || path.address === '' || !/^ TO:/i.test(argument))
      return '501 5.1.3 This is no RCPT TO:<ADDRESS>';
    if (path.parameters.length > 0) return `555 5.5.4 ${printable(path.parameters.join(' '))} is not known`;
    if (recipients.length >= mostRecipients) return '452 4.5.3 Too many recipients';
    recipients.push(path.address);
    return '250 2.1.5 OK';
  }

  private async data(): Promise<void> {
    const { transaction } = this;
    if (transaction === undefined || transaction.recipients.length === 0) {
      await this.say('503 5.5.1 RCPT comes first');
      return;
    }
    this.transaction = undefined;
    await this.say('354 End with a line that is a dot only');
    const held = await this.receive();
    if (typeof held === 'string') {
      await this.say(...transaction.recipients.map(() => held));
      return;
    }
    try {
      for (const recipient of transaction.recipients) {
        const reply = await this.wire.whileItWaits(
          async () => await this.deliver(held, transaction, recipient),
        );
        await this.say(reply);
      }
    } finally {
      await held.dispose();
    }
  }

  /** The whole message; or, once it has been read to its end, the reply to one that cannot be kept. */
  private async receive(): Promise<Held | string> {
    const held = new Held();
    let refusal: string | undefined;
    try {
      for await (const piece of this.wire.dotted('crlf')) {
        if (refusal === undefined && held.size + piece.length > this.service.messageBytes)
          refusal = tooLarge(this.service);
        try {
          if (refusal === undefined) await held.add(piece);
        } catch (error) {
          refusal = tryLater('4.3.1', error);
        }
      }
    } catch (error) {
      await held.dispose();
      throw error;
    }
    if (refusal === undefined) return held;
    await held.dispose();
    return refusal;
  }

  private async deliver(
    held: Held,
    { sender, eightBit, utf8 }: Transaction,
    recipient: string,
  ): Promise<string> {
    const { service, handing } = this;
    const { settings } = service.config;
    const { user, domain } = userOf(recipient, settings);
    const envelope: Envelope = { sender, recipient, user, domain, eightBit, utf8 };
    let judged: Judged | undefined;
    try {
      judged = await service.judge(held, { user, via });
    } catch (error) {
      if (settings.onError === 'defer') return tryLater('4.3.0', error);
      log(`the message passes unjudged: ${describe(error)}`);
    }
    try {
      const reply = await handing.handOn({
        envelope,
        spam: judged?.verdict.result === 'Spam',
        message: () =>
          outgoing(held, service.prefixBytes, {
            lines: judged === undefined ? '' : headerLines(judged.verdict),
            footers: judged?.footers ?? [],
          }),
      });
      if (!reply.startsWith('2')) log(`not handed on for ${JSON.stringify(user)}: ${reply}`);
      return reply;
    } catch (error) {
      return tryLater('4.3.0', error);
    }
  }

  /** Replies to commands that came together go out together (RFC 2920, 3.2). */
  private async say(...lines: readonly string[]): Promise<void> {
    await this.wire.put(lines.map((line) => `${line}\r\n`).join(''));
  }
}

function tooLarge({ messageBytes }: Service): string {
  return `552 5.3.4 The message is larger than ${messageBytes} bytes`;
}

function handingOf({ lmtpNext, spamFolder }: Settings): Handing {
  if (lmtpNext === undefined) throw new TamisError('CONFIG', 'LMTP needs the setting lmtpNext.');
  switch (lmtpNext.kind) {
    case 'lmtp':
    case 'smtp':
      return new ServerHanding(lmtpNext);
    case 'maildir':
      return new MaildirHanding({ template: lmtpNext.template, spamFolder });
    case 'exec':
      return new CommandHanding(lmtpNext.command);
  }
}
