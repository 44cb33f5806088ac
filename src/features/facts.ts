/**
 * Facts: what can be said of a message beside its bytes, each in a few words that a person reads.
 *
 * Who it is from and whether the addresses agree, how the header is built, what the parts are, where links lead, and counts in
 * powers of two. A fact is either there or not. Shapes stand for how a program writes: letters as `a` or `A`, digits as
 * `9`. Linear in the content.
 */
import type { Content, Field, Part } from '../message/content.ts';
import { FactLines } from './fact-lines.ts';
import { isShown } from './fields.ts';
import { lookOf } from './text-look.ts';

const mostLinks = 60;
const mostFields = 60;
/** The most fields that nobody looks at: large providers write forty. */
const mostOthers = 20;

/** The longest first word of a field that is a fact, in characters: a longer one is no word. */
const longestWord = 30;

/**
 * The facts of a message, as lines: those of the fields and the parts, an empty line, and those of the text and its links, which the
 * sender can have as they like, by pasting what somebody else wrote. `fields`: those that are judged.
 */
export function factsOf(content: Content, fields: readonly Field[]): Uint8Array {
  const facts = new FactLines();
  const header = new Header(fields);
  tellPeople(facts, header);
  tellProof(facts, header);
  tellSubject(facts, header);
  tellProgram(facts, header);
  tellRoute(facts, header);
  tellOrder(facts, header);
  tellParts(facts, content.parts);
  facts.leaveLine();
  tellText(facts, content);
  tellLinks(facts, content.links, header);
  return facts.written();
}

/** The judged fields, by name. */
class Header {
  readonly fields: readonly Field[];
  /** The names in lower case. */
  readonly names: readonly string[];
  private readonly values = new Map<string, string>();

  constructor(fields: readonly Field[]) {
    this.fields = fields;
    this.names = fields.map(({ name }) => name.toLowerCase());
    for (const [at, name] of this.names.entries()) {
      if (!this.values.has(name)) this.values.set(name, fields[at]?.value.slice(0, 2000) ?? '');
    }
  }

  /** The first field of a name, in lower case; empty if there is none. */
  get(name: string): string {
    return this.values.get(name) ?? '';
  }

  /** The first address in a field, lower-cased; empty if there is none. */
  address(name: string): string {
    const words = this.get(name)
      .toLowerCase()
      .split(/[\s<>"'(),;:[\]]+/);
    return words.find((word) => /^[^@]+@[^@]+$/.test(word)) ?? '';
  }
}

function tellOrder(facts: FactLines, { fields, names }: Header): void {
  let previous = 'start';
  let others = 0;
  for (const [at, { name, value }] of fields.slice(0, mostFields).entries()) {
    const lower = names[at] ?? '';
    const told = lower === 'received' || isShown(lower);
    if (!told && ++others > mostOthers) continue;
    facts.tell('has: ', lower);
    if (told) {
      facts.tell('order: ', previous, ' ', name);
      previous = name;
    } else {
      const word = value.split(' ', 1)[0] ?? '';
      if (word.length <= longestWord) facts.tell(lower, ': ', word);
    }
  }
}

/** What a server that took the message says of who sent it (RFC 8601), and who signed it (RFC 6376). */
function tellProof(facts: FactLines, header: Header): void {
  const results = header.get('authentication-results');
  for (const [, method = '', result = ''] of results.matchAll(/\b(dkim|spf|dmarc)=(\w{1,20})/gi)) {
    facts.tell(method.toLowerCase(), ': ', result.toLowerCase());
  }
  const signer = /\bd=([^;\s]{1,100})/.exec(header.get('dkim-signature'))?.[1];
  if (signer === undefined) return;
  const domain = registered(signer.toLowerCase());
  facts.tell('signed by: ', domain);
  facts.tell("signed by from's domain: ", domain === domainOf(header.address('from')));
}

function tellPeople(facts: FactLines, header: Header): void {
  const from = header.address('from');
  const to = header.address('to');
  const reply = header.address('reply-to');
  facts.tell('from: ', from);
  facts.tell('from domain: ', domainOf(from));
  facts.tell('from shape: ', shape(header.get('from').replace(/<.*/, '<>'), 20));
  facts.tell('from local part: ', shape(from.split('@', 1)[0] ?? '', 12));
  facts.tell('to: ', to);
  facts.tell('to domain: ', domainOf(to));
  facts.tell('recipients: ', power(`${header.get('to')},${header.get('cc')}`.split('@').length - 1));
  if (reply !== '') {
    facts.tell('reply-to: ', reply);
    facts.tell('reply-to domain: ', domainOf(reply));
    facts.tell('reply-to is from: ', reply === from, ', domain ', domainOf(reply) === domainOf(from));
  }
  const id = header.get('message-id');
  const idDomain = registered(id.split('@')[1]?.replace(/>.*/, '') ?? '');
  facts.tell('message-id domain: ', idDomain);
  facts.tell("message-id domain is from's: ", idDomain !== '' && idDomain === domainOf(from));
  facts.tell('message-id shape: ', shape(id.split('@', 1)[0] ?? '', 30));
  for (const name of ['sender', 'errors-to', 'list-id', 'list-unsubscribe', 'list-post']) {
    if (header.get(name) !== '')
      facts.tell(name, ': ', domainOf(header.address(name)) || header.get(name).slice(0, 60));
  }
}

function tellSubject(facts: FactLines, header: Header): void {
  const subject = header.get('subject');
  facts.tell('subject length: ', power(subject.length));
  facts.tell(
    'subject all capitals: ',
    subject.length > 4 && subject === subject.toUpperCase() && subject !== subject.toLowerCase(),
  );
  facts.tell('subject !: ', Math.min(3, subject.split('!').length - 1));
  facts.tell('subject ?: ', subject.includes('?'));
  facts.tell('subject money: ', /[$%\u00a3\u20ac]/.test(subject));
  facts.tell('subject ends in number: ', /\d\d\d$/.test(subject));
  facts.tell('subject not ascii: ', /[^\0-\x7f]/.test(subject));
  facts.tell(
    'reply: ',
    /^re:/i.test(subject),
    ', in-reply-to ',
    header.get('in-reply-to') !== '',
    ', references ',
    header.get('references') !== '',
  );
  const list = /^(?:re: ?)?\[([^\]]{1,40})\]/i.exec(subject)?.[1];
  if (list !== undefined) facts.tell('subject list: ', list);
}

function tellProgram(facts: FactLines, header: Header): void {
  const mailer = header.get('x-mailer') || header.get('user-agent');
  facts.tell('mailer: ', mailer.replace(/[\d.]+/g, '9').slice(0, 40));
  facts.tell('mailer name: ', mailer.split(/[ /]/, 1)[0] ?? '');
  const date = header.get('date');
  facts.tell('zone: ', date.split('(', 1)[0]?.trimEnd().split(' ').at(-1) ?? '');
  facts.tell('date shape: ', shape(date, 50));
  const type = header.get('content-type');
  facts.tell('content-type: ', (type.toLowerCase().split('boundary', 1)[0] ?? '').slice(0, 60));
  const boundary = /boundary="?([^";]{1,70})/i.exec(type)?.[1];
  if (boundary !== undefined) facts.tell('boundary shape: ', shape(boundary, 40));
  for (const name of ['precedence', 'x-priority', 'importance', 'auto-submitted']) {
    if (header.get(name) !== '') facts.tell(name, ': ', header.get(name).slice(0, 30));
  }
}

function tellRoute(facts: FactLines, { fields, names }: Header): void {
  const received = fields.filter((_, at) => names[at] === 'received');
  facts.tell('hops: ', power(received.length));
  for (const [hop, field] of received.slice(0, 2).entries()) {
    const value = field.value.slice(0, 500);
    const from = wordAfter(value, 'from');
    if (from !== undefined) facts.tell('hop ', hop, ' from: ', registered(from));
    const by = wordAfter(value, 'by');
    if (by !== undefined) facts.tell('hop ', hop, ' by: ', registered(by));
    const how = wordAfter(value, 'with');
    if (how !== undefined) facts.tell('hop ', hop, ' with: ', how.slice(0, 20));
    const network = /\[(\d{1,3}\.\d{1,3})(\.\d{1,3})\.\d{1,3}\]/.exec(value);
    if (network !== null) {
      facts.tell('network: ', network[1] ?? '');
      facts.tell('network: ', network[1] ?? '', network[2] ?? '');
    }
    if (/unknown|may be forged/.test(value)) facts.tell('hop ', hop, ' unknown host');
    facts.tell('hop shape: ', shape(value.split(';', 1)[0] ?? '', 60));
  }
}

/** The word after the first one that is the word sought; undefined if there is none. */
function wordAfter(value: string, sought: string): string | undefined {
  const at = ` ${value} `.indexOf(` ${sought} `);
  const next = at + sought.length + 1;
  return at < 0 || next > value.length ? undefined : value.slice(next).split(' ', 1)[0];
}

function tellParts(facts: FactLines, parts: readonly Part[]): void {
  facts.tell(
    'parts: ',
    parts
      .slice(0, 8)
      .map(({ type }) => type)
      .join(' '),
  );
  facts.tell('part count: ', power(parts.length));
  for (const { type, charset, encoding, disposition, fileName, size } of parts.slice(0, 12)) {
    facts.tell('part: ', type);
    facts.tell('encoding: ', type.split('/', 1)[0] ?? '', ' ', encoding);
    if (type.startsWith('text/')) facts.tell('charset: ', charset);
    if (disposition !== '') facts.tell('disposition: ', disposition);
    if (fileName !== '') facts.tell('file: .', fileName.toLowerCase().split('.').at(-1)?.slice(0, 8) ?? '');
    facts.tell('size: ', type, ' ', power(size));
  }
}

function tellText(facts: FactLines, { text, hidden, marks, parts }: Content): void {
  const has = (type: string): boolean => parts.some((part) => part.type === type);
  facts.tell('plain text: ', has('text/plain'), ', html: ', has('text/html'));
  const look = lookOf(text);
  facts.tell('capitals in twenty: ', Math.round((20 * look.upper) / (1 + look.upper + look.lower)));
  facts.tell('text length: ', power(text.length));
  facts.tell('! in text: ', power(look.exclamations));
  facts.tell('$ in text: ', power(look.dollars));
  facts.tell('not ascii in text: ', power(look.foreign));
  facts.tell('quoted lines: ', power(look.quoted));
  facts.tell('signature: ', look.signed);
  facts.tell('longest line: ', power(look.longest));
  facts.tell('lines of capitals: ', power(look.shouted));
  facts.tell('first line shape: ', shape(look.first, 16));
  facts.tell('hidden text: ', power(hidden.trim().length));
  facts.tell('zeroWidth: ', power(marks.zeroWidth));
  facts.tell('bidi: ', power(marks.bidi));
  facts.tell('mixedScript: ', power(marks.mixedScript));
}

function tellLinks(facts: FactLines, links: readonly string[], header: Header): void {
  const web = links.slice(0, mostLinks).filter((link) => /^(?:https?|ftp):\/\//i.test(link));
  const from = domainOf(header.address('from'));
  const sites = new Set<string>();
  for (const link of web) {
    const [, authority = '', path = ''] = /^[a-z]+:\/\/([^/?#]*)(.*)/i.exec(link.slice(0, 500)) ?? [];
    const host = authority.toLowerCase().split('@').at(-1)?.split(':', 1)[0] ?? '';
    if (authority.includes('@')) facts.tell('link with a user name');
    if (authority.includes(':')) facts.tell('link with a port');
    facts.tell('link host: ', host);
    facts.tell('link path shape: ', shape(path, 24));
    sites.add(registered(host));
  }
  for (const site of sites) {
    facts.tell('link site: ', site);
    facts.tell('link ending: ', site.split('.').at(-1) ?? '');
  }
  for (const link of links.slice(0, mostLinks).filter((link) => /^mailto:/i.test(link))) {
    facts.tell('mailto: ', domainOf(link.slice('mailto:'.length).replace(/\?.*/, '').toLowerCase()));
  }
  facts.tell('links: ', power(web.length));
  facts.tell('link sites: ', power(sites.size));
  facts.tell(
    'link by number: ',
    web.some((link) => /^[a-z]+:\/\/[\d.]+(?:[/:]|$)/i.test(link)),
  );
  facts.tell("from's domain among the links: ", from !== '' && sites.has(from));
}

/** How a program writes: letters as `a` or `A`, digits as `9`, runs made one. Most of the time it meets ASCII only. */
function shape(text: string, length: number): string {
  const end = Math.min(300, text.length);
  let count = 0;
  let last = 0;
  for (let at = 0; at < end && count < length; at++) {
    const code = text.charCodeAt(at);
    if (code > 0x7f) return shapeOfAny(text.slice(0, 300)).slice(0, length);
    const kind = kinds[code] ?? 0;
    if (kind === 0 || kind !== last) drawn[count++] = kind === 0 ? code : kind;
    last = kind;
  }
  return drawn.toString('latin1', 0, count);
}

function shapeOfAny(text: string): string {
  return text
    .replace(/\p{Ll}+/gu, 'a')
    .replace(/\p{Lu}+/gu, 'A')
    .replace(/\d+/g, '9');
}

const drawn = Buffer.alloc(300);
/** What stands for runs of an ASCII character and its like; 0 where it stands for itself. */
const kinds = Uint8Array.from({ length: 0x80 }, (_, code) => {
  const drawnAs = shapeOfAny(String.fromCharCode(code)).charCodeAt(0);
  return 'aA9'.includes(String.fromCharCode(drawnAs)) ? drawnAs : 0;
});

/** A count as the power of two below it. */
function power(count: number): number {
  return count < 1 ? 0 : 2 ** (31 - Math.clz32(count));
}

function domainOf(address: string): string {
  return registered(address.split('@')[1] ?? '');
}

/** What somebody registered of a host name, by rule of thumb: two labels, three below a short second one (`co.uk`). */
function registered(host: string): string {
  const plain = /[^a-z0-9_.-]/.test(host) ? host.toLowerCase().replace(/[^\w.-]/g, '') : host;
  const name = plain.endsWith('.') ? plain.slice(0, -1) : plain;
  const last = dotBefore(name, name.length);
  if (/^\d+$/.test(name.slice(last + 1))) return name;
  const second = dotBefore(name, last);
  const isShort = second >= 0 && name.length - last === 3 && last - second <= 4;
  return name.slice((isShort ? dotBefore(name, second) : second) + 1);
}

/** Where the last dot before a place stands; -1 if there is none. */
function dotBefore(name: string, at: number): number {
  return at < 1 ? -1 : name.lastIndexOf('.', at - 1);
}
