/**
 * From a message to DSPAM's tokens: names, 64-bit keys and how often each occurs.
 *
 * Header fields give `Name*token`, URLs `Url*piece`, the From field as a whole `From*…` when senders may be whitelisted. Chains and
 * windows begin anew at each line of a header field, continuation lines included; in the body they run across lines.
 *
 * Kept of DSPAM, because the tokens of a site's past are made so: what stands behind the first colon of a continuation line is lost; a field of more
 * than 1023 bytes runs into the next one; `https://` alone is no URL; a URL does not end at a line end. Not kept: DSPAM loses the whole From field if it
 * is folded, and senders with long names are never whitelisted; here it is unfolded. Of several From fields the first counts, so that an attached message
 * does not speak for its sender.
 */
import { bucketOf, tokenKey } from './key.ts';
import type { TokenOptions, Tokenizer } from './options.ts';
import { renderField, type HeaderField, type MessageText } from './text.ts';
import { namesOf, piecesOf } from './words.ts';

/** One token of a message. */
export interface Token {
  /** Its name, one character a byte. */
  readonly name: string;
  /** 0 to 2^64 - 1. */
  readonly key: bigint;
  /** How often it occurs; at least 1. */
  readonly frequency: number;
}

/** The tokens of a message. */
export interface Tokens {
  /** Each once, in the order of DSPAM's dictionary: by bucket, then as first seen. */
  readonly all: readonly Token[];
  /** The key of the sender's token, or undefined: senders are not whitelisted, or the message has no From field. */
  readonly sender: bigint | undefined;
  /** The keys of the body's tokens in the order of the text, which noise reduction looks at. */
  readonly stream: readonly bigint[];
}

const longestName = 127;
const longestSender = 255;

/** What begins a URL, in the order in which they are looked for. */
const urlStarts: readonly RegExp[] = [/http:\/\//gi, /www\./gi, /href=/gi];

/** The tokens of a message. Pure; never throws for what is in it. */
export function tokensOf({ fields, body }: MessageText, options: TokenOptions): Tokens {
  const diction = new Diction();
  const sender = options.whitelist ? senderName(fields) : undefined;
  const senderKey = sender === undefined ? undefined : diction.add(sender);
  for (const name of headerNames(fields, options)) diction.add(name);
  const { pieces, rest } = withoutUrls(body);
  for (const piece of pieces) diction.add(`Url*${piece}`);
  const stream = namesOf(rest, options.tokenizer, 'body').map((name) => diction.add(name));
  return { all: diction.inOrder(), sender: senderKey, stream };
}

/** Tokens by key; names that share a key are one token, that of the first. */
class Diction {
  readonly #keys = new Map<string, bigint>();
  readonly #tokens = new Map<bigint, { name: string; key: bigint; frequency: number }>();

  add(name: string): bigint {
    const key = this.#keys.get(name) ?? tokenKey(name);
    const known = this.#tokens.get(key);
    if (known === undefined) this.#tokens.set(key, { name, key, frequency: 1 });
    else known.frequency++;
    this.#keys.set(name, key);
    return key;
  }

  inOrder(): Token[] {
    return [...this.#tokens.values()]
      .map((token) => ({ token, bucket: bucketOf(token.key) }))
      .sort((a, b) => a.bucket - b.bucket)
      .map(({ token }) => token);
  }
}

function senderName(fields: readonly HeaderField[]): string | undefined {
  const from = fields.find(({ name }) => name.toLowerCase() === 'from');
  return from && `From*${from.value.replace(/\n[ \t]+/g, ' ').slice(0, longestSender)}`;
}

function headerNames(fields: readonly HeaderField[], options: TokenOptions): string[] {
  const ignored = new Set(options.ignoredFields.map((name) => name.toLowerCase()));
  const text = fields
    .filter(({ name }) => !ignored.has(name.toLowerCase()) && !/^x-dspam-/i.test(name))
    .map(renderField)
    .join('');
  const names: string[] = [];
  let field = '';
  for (const line of text.split('\n')) {
    const folded = /^[ \t]/.test(line);
    const colon = line.indexOf(':');
    if (!folded && colon >= 0) field = line.slice(0, Math.min(colon, longestName));
    const said = folded || colon < 0 ? line.slice(0, colon < 0 ? undefined : colon) : line.slice(colon + 1);
    names.push(...named(field, said, options.tokenizer));
  }
  return names;
}

function named(field: string, text: string, tokenizer: Tokenizer): string[] {
  return namesOf(text, tokenizer, 'header').map((name) => `${field}*${name}`);
}

/** Takes the URLs out of a body: their pieces, and the body with blanks in their place. */
function withoutUrls(body: string): { pieces: string[]; rest: string } {
  const pieces: string[] = [];
  let rest = body;
  for (const start of urlStarts) {
    const kept: string[] = [];
    let at = 0;
    for (const { index } of rest.matchAll(start)) {
      if (index < at) continue;
      const end = endOfUrl(rest, index);
      pieces.push(...piecesOf(rest.slice(index, end)));
      kept.push(rest.slice(at, index), ' '.repeat(end - index));
      at = end;
    }
    rest = kept.join('') + rest.slice(at);
  }
  return { pieces, rest };
}

function endOfUrl(text: string, start: number): number {
  let end = start;
  while (end < text.length && !' >"\''.includes(text.charAt(end))) end++;
  return end;
}
