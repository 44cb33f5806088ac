/**
 * The protocol of SpamAssassin's spamd, version 1.5, so that spamc and whatever else speaks it (Exim, Haraka, getmail) can ask
 * tamis: one request a connection.
 *
 *     PROCESS SPAMC/1.5\r\n                      SPAMD/1.1 0 EX_OK\r\n
 *     User: joe@example.org\r\n                  Content-length: 1234\r\n
 *     Content-length: 1000\r\n            →      Spam: False ; -3.2 / 5.0\r\n
 *     \r\n                                       \r\n
 *     (1,000 bytes)                              (1,234 bytes: the message with our header lines)
 *
 * Clients of older versions get what spamd gives them: below 1.3 (Exim's spam condition) no `Spam` before a message and no
 * `Content-length` before anything else, and below 1.2 a message stands right behind the first line.
 *
 * The score is on SpamAssassin's scale, 5.0 being the threshold: what is added to it is how far the log odds of spam are from
 * our own threshold. TELL learns (`Set: local`) and takes back (`Remove: local`).
 *
 * Limits: whatever fails is an EX_ code without a message, because spamc then passes on what it had, or says so with -x. A message that
 * is shorter than its Content-length is not judged: the client has died in the middle of it; nor is one that is longer, as far as that is seen
 * before it is answered: what goes back would be cut.
 */
import { pipeline } from 'node:stream/promises';
import { createInflate } from 'node:zlib';
import { describe, systemCode, TamisError } from '../errors.ts';
import { headerLines } from '../filter/headers.ts';
import type { Verdict } from '../judge/verdict.ts';
import { Held } from './held.ts';
import { outgoing, outgoingHeader, outgoingWhole, type Changes } from './outgoing.ts';
import type { Service } from './service.ts';
import type { Wire } from './wire.ts';

/** What SpamAssassin calls spam by default. */
const threshold = 5;
/** Temperature of the probability (classifier/calibration.ts): what makes log odds of a confidence again. */
const temperature = 1.5;
/** Bytes that are sent at a time. */
const packet = 64 * 1024;
/** Fields of a request at most. */
const mostFields = 64;

/** Codes of sysexits.h, and spamd's own for a timeout. */
const codes = { OK: 0, USAGE: 64, DATAERR: 65, NOUSER: 67, TEMPFAIL: 75, PROTOCOL: 76, TIMEOUT: 79 } as const;
type Code = keyof typeof codes;

/** What an error is to the client; anything else is EX_TEMPFAIL. */
const codeOfError: Readonly<Record<string, Code>> = {
  USER: 'NOUSER',
  USAGE: 'USAGE',
  INPUT: 'DATAERR',
  DEADLINE: 'TIMEOUT',
};

/** Someone asks something that is not of the protocol. */
class ProtocolError extends TamisError {
  constructor(sentence: string) {
    super('USAGE', sentence);
  }
}

interface Request {
  readonly user: string;
  readonly held: Held;
  readonly fields: ReadonlyMap<string, string>;
}

interface Answer {
  readonly fields: Readonly<Record<string, string>>;
  readonly body?: AsyncIterable<Uint8Array> | readonly Uint8Array[];
  /** Whether the body is of the message. */
  readonly isMessage?: boolean;
}

type Method = (request: Request, service: Service) => Promise<Answer>;

const via = 'spamd';

const methods: Readonly<Record<string, Method>> = {
  CHECK: async ({ user, held }, service) => {
    const { verdict } = await service.judge(held, { user, via });
    return { fields: spamField(verdict) };
  },
  SYMBOLS: async ({ user, held }, service) => {
    const { verdict } = await service.judge(held, { user, via });
    return textAnswer(verdict, verdict.result === 'Spam' ? 'TAMIS_SPAM' : 'TAMIS_INNOCENT');
  },
  REPORT: async ({ user, held }, service) => {
    const { verdict } = await service.judge(held, { user, via, factors: true });
    return textAnswer(verdict, report(verdict));
  },
  REPORT_IFSPAM: async ({ user, held }, service) => {
    const { verdict } = await service.judge(held, { user, via, factors: true });
    return textAnswer(verdict, verdict.result === 'Spam' ? report(verdict) : '');
  },
  PROCESS: async ({ user, held }, service) => {
    const { verdict, footers } = await service.judge(held, { user, via });
    const changes: Changes = { lines: headerLines(verdict), footers };
    const { prefixBytes } = service;
    let length = 0;
    let body: Answer['body'];
    if (held.size <= prefixBytes) {
      body = [...outgoingWhole(await held.beginning(prefixBytes), changes)];
      for (const piece of body) length += piece.length;
    } else {
      // Twice, because its length goes before it.
      for await (const piece of outgoing(held, prefixBytes, changes)) length += piece.length;
      body = outgoing(held, prefixBytes, changes);
    }
    return { fields: { 'Content-length': String(length), ...spamField(verdict) }, body, isMessage: true };
  },
  HEADERS: async ({ user, held }, service) => {
    const { verdict, footers } = await service.judge(held, { user, via });
    const header = await outgoingHeader(held, service.prefixBytes, { lines: headerLines(verdict), footers });
    const fields = { 'Content-length': String(header.length), ...spamField(verdict) };
    return { fields, body: [header], isMessage: true };
  },
  TELL: tell,
};

/** Answers one connection. Never rejects for what the client sends or fails to send. */
export async function serveSpamd(wire: Wire, service: Service): Promise<void> {
  let version = 0;
  try {
    const line = await wire.beginning();
    if (line === undefined) return;
    const [method = '', theirs] = line.trim().split(/ +/);
    if (method === 'PING') {
      await wire.send('SPAMD/1.5 0 PONG\r\n');
      return;
    }
    if (method === 'SKIP') return;
    version = Number(/^SPAMC\/(\d\.\d)$/.exec(theirs ?? '')?.[1] ?? 0);
    const handle = Object.hasOwn(methods, method) ? methods[method] : undefined;
    if (handle === undefined) throw new ProtocolError(`Bad header line: ${JSON.stringify(line)}`);
    const request = await read(wire, service);
    try {
      await send(wire, headOf(await handle(request, service), version));
    } finally {
      await request.held.dispose();
    }
  } catch (error) {
    const code =
      error instanceof ProtocolError ? 'PROTOCOL' : (codeOfError[systemCode(error) ?? ''] ?? 'TEMPFAIL');
    if (wire.socket.writable) {
      const sentence = describe(error).replace(/[^\x20-\x7e]/g, '?');
      const answer = `${status(version)} ${codes[code]} EX_${code}: ${sentence}\r\n\r\n`;
      await wire.sendLast(answer, service.messageBytes);
    }
  }
}

async function read(wire: Wire, service: Service): Promise<Request> {
  const fields = new Map<string, string>();
  for (let line = await wire.line(); line !== ''; line = await wire.line()) {
    if (line === undefined) throw new ProtocolError('The request ends in its header.');
    const at = line.indexOf(':');
    if (at < 1 || fields.size >= mostFields)
      throw new ProtocolError(`Bad header line: ${JSON.stringify(line)}`);
    fields.set(line.slice(0, at).toLowerCase(), line.slice(at + 1).trim());
  }
  const user = fields.get('user') ?? '';
  if (user === '') throw new TamisError('USER', 'No user is named: spamc -u NAME.');
  return { user: Buffer.from(user, 'latin1').toString(), held: await body(wire, fields, service), fields };
}

/** The message behind the header, decompressed. */
async function body(wire: Wire, fields: ReadonlyMap<string, string>, service: Service): Promise<Held> {
  const stated = fields.get('content-length');
  const length = stated === undefined ? Infinity : /^\d{1,15}$/.test(stated) ? Number(stated) : NaN;
  if (Number.isNaN(length)) throw new ProtocolError(`Content-length: ${stated ?? ''} is no number of bytes.`);
  if (Number.isFinite(length) && length > service.messageBytes) {
    throw new TamisError('INPUT', `The message is larger than ${service.messageBytes} bytes (messageBytes).`);
  }
  const held = await Held.from(wire.bytes(length), service.messageBytes);
  if (Number.isFinite(length) && (held.size !== length || wire.hasMore)) {
    await held.dispose();
    const came = wire.hasMore ? 'more' : String(held.size);
    throw new ProtocolError(`Content-length: ${length}, but ${came} bytes came.`);
  }
  if (fields.get('compress') !== 'zlib') return held;
  try {
    return await Held.from(inflated(held), service.messageBytes);
  } finally {
    await held.dispose();
  }
}

/** Piece by piece: what a few bytes swell to must not be in memory at once. */
async function* inflated(held: Held): AsyncGenerator<Buffer> {
  const inflate = createInflate();
  const fed = pipeline(held.bytes(), inflate).catch(() => undefined);
  try {
    for await (const piece of inflate as AsyncIterable<Buffer>) yield piece;
  } catch (cause) {
    throw new TamisError('INPUT', 'The compressed message cannot be read (Compress: zlib).', { cause });
  } finally {
    inflate.destroy();
    await fed;
  }
}

async function tell({ user, held, fields }: Request, service: Service): Promise<Answer> {
  const names = (name: string): boolean => /\blocal\b/.test(fields.get(name) ?? '');
  const spam = { spam: true, ham: false }[fields.get('message-class') ?? ''];
  const answer: Record<string, string> = {};
  if (names('set')) {
    if (spam === undefined) throw new ProtocolError('TELL with Set: local needs Message-class: spam or ham.');
    const { learning } = await service.teach(held, { user, via }, { spam });
    if (learning !== 'duplicate') answer['DidSet'] = 'local';
  } else if (names('remove')) {
    if (await service.forget(held, { user, via })) answer['DidRemove'] = 'local';
  }
  return { fields: { ...answer, 'Content-length': '2' }, body: [Buffer.from('\r\n')] };
}

function spamField(verdict: Verdict): Record<string, string> {
  const spam = verdict.result === 'Spam';
  return { Spam: `${spam ? 'True' : 'False'} ; ${score(verdict).toFixed(1)} / ${threshold.toFixed(1)}` };
}

/** On SpamAssassin's scale; at or above the threshold if and only if it is spam. */
function score({ result, confidence }: Verdict): number {
  const distance = temperature * 2 * Math.atanh(Math.min(confidence, 0.999999));
  return result === 'Spam' ? threshold + distance : Math.min(threshold - distance, threshold - 0.1);
}

function textAnswer(verdict: Verdict, text: string): Answer {
  const body = Buffer.from(text === '' ? '' : `${text}\r\n`);
  return { fields: { 'Content-length': String(body.length), ...spamField(verdict) }, body: [body] };
}

/** The verdict and its reasons, a line each. */
function report(verdict: Verdict): string {
  const { result, probability, confidence, factors = [] } = verdict;
  const reasons = factors.map(({ name, probability: p }) => `${p.toFixed(2)}  ${printable(name)}`);
  return [
    `${result}: probability of spam ${probability.toFixed(4)}, confidence ${confidence.toFixed(4)}`,
    ...reasons,
  ].join('\r\n');
}

function printable(name: string | Uint8Array): string {
  return (typeof name === 'string' ? name : Buffer.from(name).toString('latin1')).replace(/\p{Cc}/gu, '?');
}

/** What stands before the body, in a version of the protocol. */
function headOf({ fields, body = [], isMessage = false }: Answer, version: number): Parts {
  const first = `${status(version)} 0 EX_OK\r\n`;
  if (version < 1.2 && isMessage) return { head: first, body };
  const unknown = isMessage ? 'Spam' : 'Content-length';
  const known = Object.entries(fields).filter(([name]) => version >= 1.3 || name !== unknown);
  return { head: `${first}${known.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`, body };
}

function status(version: number): string {
  return version < 1.2 ? 'SPAMD/1.0' : 'SPAMD/1.1';
}

interface Parts {
  readonly head: string;
  readonly body: AsyncIterable<Uint8Array> | readonly Uint8Array[];
}

async function send(wire: Wire, { head, body }: Parts): Promise<void> {
  let gathered: Uint8Array[] = [Buffer.from(head, 'latin1')];
  if (!(Symbol.asyncIterator in body)) {
    await wire.send(Buffer.concat([...gathered, ...body]));
    return;
  }
  let length = 0;
  let begun = false;
  try {
    for await (const piece of body) {
      gathered.push(Buffer.from(piece));
      length += piece.length;
      if (length < packet) continue;
      begun = true;
      await wire.send(Buffer.concat(gathered));
      gathered = [];
      length = 0;
    }
  } catch (error) {
    // An answer about the error would be taken for the end of the message.
    if (begun) wire.socket.destroy();
    throw error;
  }
  await wire.send(Buffer.concat(gathered));
}
