/**
 * Facts: what can be said of a message beside its bytes, each in a few words that a person reads.
 *
 * Who it is from and whether the addresses agree, how the header is built, what the parts are, where links lead, and counts in
 * powers of two. A fact is either there or not. Shapes stand for how a program writes: letters as `a` or `A`, digits as
 * `9`. At most {@link mostFacts} facts a message, linear in the content.
 *
 * Those of the text and its links are apart, because the sender can have them as they like: by pasting what somebody else wrote.
 */
import { oneBlankEach } from '../message/blanks.ts';
import type { Content, Field, Part } from '../message/content.ts';
import { isShown } from './fields.ts';

const mostFacts = 200;
const mostLinks = 60;
const mostFields = 60;
/** The most fields that nobody looks at: large providers write forty. */
const mostOthers = 20;

/** The longest first word of a field that is a fact, in characters: a longer one is no word. */
const longestWord = 30;

/** The facts of a message, each once. */
export interface Facts {
  /** Of the fields and the parts. */
  readonly made: readonly string[];
  /** Of the text and its links. */
  readonly said: readonly string[];
}

/** Tells the facts of a message. `fields`: those that are judged. */
export function factsOf(content: Content, fields: readonly Field[]): Facts {
  const header = new Header(fields);
  const made = [peopleFacts, proofFacts, subjectFacts, programFacts, routeFacts, orderFacts].flatMap(
    (part) => [...part(header)],
  );
  const distinct = new Set([...made, ...partFacts(content.parts)].map(plain));
  const madeFacts = [...distinct].slice(0, mostFacts);
  const said = [...textFacts(content), ...linkFacts(content.links, header)].map(plain);
  return {
    made: madeFacts,
    said: [...new Set(said)].filter((fact) => !distinct.has(fact)).slice(0, mostFacts - madeFacts.length),
  };
}

/** A fact in one line, of bounded length. */
function plain(fact: string): string {
  return oneBlankEach(fact).slice(0, 100);
}

/** The judged fields, by name. */
class Header {
  readonly fields: readonly Field[];
  private readonly values = new Map<string, string>();

  constructor(fields: readonly Field[]) {
    this.fields = fields;
    for (const { name, value } of fields) {
      const lower = name.toLowerCase();
      if (!this.values.has(lower)) this.values.set(lower, value.slice(0, 2000));
    }
  }

  /** The first field of a name, in lower case; empty if there is none. */
  get(name: string): string {
    return this.values.get(name) ?? '';
  }

  /** The first address in a field, lower-cased; empty if there is none. */
  address(name: string): string {
    const value = this.get(name).toLowerCase();
    const word = value.split(/[\s<>"'(),;:[\]]+/).find((piece) => /^[^@]+@[^@]+$/.test(piece));
    return word ?? '';
  }
}

function* orderFacts({ fields }: Header): Generator<string> {
  let previous = 'start';
  let others = 0;
  for (const { name, value } of fields.slice(0, mostFields)) {
    const lower = name.toLowerCase();
    const told = lower === 'received' || isShown(lower);
    if (!told && ++others > mostOthers) continue;
    yield `has: ${lower}`;
    if (told) {
      yield `order: ${previous} ${name}`;
      previous = name;
    } else {
      const word = value.split(' ', 1)[0] ?? '';
      if (word.length <= longestWord) yield `${lower}: ${word}`;
    }
  }
}

/** What a server that took the message says of who sent it (RFC 8601), and who signed it (RFC 6376). */
function* proofFacts(header: Header): Generator<string> {
  const results = header.get('authentication-results');
  for (const [, method = '', result = ''] of results.matchAll(/\b(dkim|spf|dmarc)=(\w{1,20})/gi)) {
    yield `${method.toLowerCase()}: ${result.toLowerCase()}`;
  }
  const signer = /\bd=([^;\s]{1,100})/.exec(header.get('dkim-signature'))?.[1];
  if (signer === undefined) return;
  const domain = registered(signer.toLowerCase());
  yield `signed by: ${domain}`;
  yield `signed by from's domain: ${domain === domainOf(header.address('from'))}`;
}

function* peopleFacts(header: Header): Generator<string> {
  const from = header.address('from');
  const to = header.address('to');
  const reply = header.address('reply-to');
  yield `from: ${from}`;
  yield `from domain: ${domainOf(from)}`;
  yield `from shape: ${shape(header.get('from').replace(/<.*/, '<>'), 20)}`;
  yield `from local part: ${shape(from.split('@', 1)[0] ?? '', 12)}`;
  yield `to: ${to}`;
  yield `to domain: ${domainOf(to)}`;
  yield `recipients: ${power(`${header.get('to')},${header.get('cc')}`.split('@').length - 1)}`;
  if (reply !== '') {
    yield `reply-to: ${reply}`;
    yield `reply-to domain: ${domainOf(reply)}`;
    yield `reply-to is from: ${reply === from}, domain ${domainOf(reply) === domainOf(from)}`;
  }
  const id = header.get('message-id');
  const idDomain = registered(id.split('@')[1]?.replace(/>.*/, '') ?? '');
  yield `message-id domain: ${idDomain}`;
  yield `message-id domain is from's: ${idDomain !== '' && idDomain === domainOf(from)}`;
  yield `message-id shape: ${shape(id.split('@', 1)[0] ?? '', 30)}`;
  for (const name of ['sender', 'errors-to', 'list-id', 'list-unsubscribe', 'list-post']) {
    if (header.get(name) !== '')
      yield `${name}: ${domainOf(header.address(name)) || header.get(name).slice(0, 60)}`;
  }
}

function* subjectFacts(header: Header): Generator<string> {
  const subject = header.get('subject');
  yield `subject length: ${power(subject.length)}`;
  yield `subject all capitals: ${subject.length > 4 && subject === subject.toUpperCase() && subject !== subject.toLowerCase()}`;
  yield `subject !: ${Math.min(3, subject.split('!').length - 1)}`;
  yield `subject ?: ${subject.includes('?')}`;
  yield `subject money: ${/[$%\u00a3\u20ac]/.test(subject)}`;
  yield `subject ends in number: ${/\d\d\d$/.test(subject)}`;
  yield `subject not ascii: ${/[^\0-\x7f]/.test(subject)}`;
  yield `reply: ${/^re:/i.test(subject)}, in-reply-to ${header.get('in-reply-to') !== ''}, references ${header.get('references') !== ''}`;
  const list = /^(?:re: ?)?\[([^\]]{1,40})\]/i.exec(subject)?.[1];
  if (list !== undefined) yield `subject list: ${list}`;
}

function* programFacts(header: Header): Generator<string> {
  const mailer = header.get('x-mailer') || header.get('user-agent');
  yield `mailer: ${mailer.replace(/[\d.]+/g, '9').slice(0, 40)}`;
  yield `mailer name: ${mailer.split(/[ /]/, 1)[0] ?? ''}`;
  const date = header.get('date');
  yield `zone: ${date.split('(', 1)[0]?.trimEnd().split(' ').at(-1) ?? ''}`;
  yield `date shape: ${shape(date, 50)}`;
  const type = header.get('content-type');
  yield `content-type: ${(type.toLowerCase().split('boundary', 1)[0] ?? '').slice(0, 60)}`;
  const boundary = /boundary="?([^";]{1,70})/i.exec(type)?.[1];
  if (boundary !== undefined) yield `boundary shape: ${shape(boundary, 40)}`;
  for (const name of ['precedence', 'x-priority', 'importance', 'auto-submitted']) {
    if (header.get(name) !== '') yield `${name}: ${header.get(name).slice(0, 30)}`;
  }
}

function* routeFacts({ fields }: Header): Generator<string> {
  const received = fields
    .filter(({ name }) => name.toLowerCase() === 'received')
    .map(({ value }) => value.slice(0, 500));
  yield `hops: ${power(received.length)}`;
  for (const [hop, value] of received.slice(0, 2).entries()) {
    const words = value.split(' ');
    const after = (word: string): string | undefined => words[words.indexOf(word) + 1 || words.length];
    const from = after('from');
    if (from !== undefined) yield `hop ${hop} from: ${registered(from)}`;
    const by = after('by');
    if (by !== undefined) yield `hop ${hop} by: ${registered(by)}`;
    const how = after('with');
    if (how !== undefined) yield `hop ${hop} with: ${how.slice(0, 20)}`;
    const network = /\[(\d{1,3}\.\d{1,3})(\.\d{1,3})\.\d{1,3}\]/.exec(value);
    if (network !== null) {
      yield `network: ${network[1] ?? ''}`;
      yield `network: ${network[1] ?? ''}${network[2] ?? ''}`;
    }
    if (/unknown|may be forged/.test(value)) yield `hop ${hop} unknown host`;
    yield `hop shape: ${shape(value.split(';', 1)[0] ?? '', 60)}`;
  }
}

function* partFacts(parts: readonly Part[]): Generator<string> {
  yield `parts: ${parts
    .slice(0, 8)
    .map(({ type }) => type)
    .join(' ')}`;
  yield `part count: ${power(parts.length)}`;
  for (const { type, charset, encoding, disposition, fileName, size } of parts.slice(0, 12)) {
    yield `part: ${type}`;
    yield `encoding: ${type.split('/', 1)[0] ?? ''} ${encoding}`;
    if (type.startsWith('text/')) yield `charset: ${charset}`;
    if (disposition !== '') yield `disposition: ${disposition}`;
    if (fileName !== '') yield `file: .${fileName.toLowerCase().split('.').at(-1)?.slice(0, 8) ?? ''}`;
    yield `size: ${type} ${power(size)}`;
  }
}

function* textFacts({ text, hidden, marks, parts }: Content): Generator<string> {
  const head = text.slice(0, 20_000);
  const has = (type: string): boolean => parts.some((part) => part.type === type);
  yield `plain text: ${has('text/plain')}, html: ${has('text/html')}`;
  const { upper, lower, exclamations, dollars, foreign } = lettersOf(head);
  yield `capitals in twenty: ${Math.round((20 * upper) / (1 + upper + lower))}`;
  yield `text length: ${power(text.length)}`;
  yield `! in text: ${power(exclamations)}`;
  yield `$ in text: ${power(dollars)}`;
  yield `not ascii in text: ${power(foreign)}`;
  const lines = head.split('\n', 400);
  yield `quoted lines: ${power(lines.filter((line) => line.startsWith('>')).length)}`;
  yield `signature: ${lines.includes('-- ')}`;
  yield `longest line: ${power(lines.reduce((most, line) => Math.max(most, line.length), 0))}`;
  yield `lines of capitals: ${power(lines.filter(isShouted).length)}`;
  yield `first line shape: ${shape(lines.find((line) => line.trim() !== '')?.trim() ?? '', 16)}`;
  yield `hidden text: ${power(hidden.trim().length)}`;
  for (const [name, found] of Object.entries(marks)) yield `${name}: ${power(Number(found))}`;
}

function* linkFacts(links: readonly string[], header: Header): Generator<string> {
  const web = links.slice(0, mostLinks).filter((link) => /^(?:https?|ftp):\/\//i.test(link));
  const from = domainOf(header.address('from'));
  const sites = new Set<string>();
  for (const link of web) {
    const [, authority = '', path = ''] = /^[a-z]+:\/\/([^/?#]*)(.*)/i.exec(link.slice(0, 500)) ?? [];
    const host = authority.toLowerCase().split('@').at(-1)?.split(':', 1)[0] ?? '';
    if (authority.includes('@')) yield 'link with a user name';
    if (authority.includes(':')) yield 'link with a port';
    yield `link host: ${host}`;
    yield `link path shape: ${shape(path, 24)}`;
    sites.add(registered(host));
  }
  for (const site of sites) {
    yield `link site: ${site}`;
    yield `link ending: ${site.split('.').at(-1) ?? ''}`;
  }
  for (const link of links.slice(0, mostLinks).filter((link) => /^mailto:/i.test(link))) {
    yield `mailto: ${domainOf(link.slice('mailto:'.length).replace(/\?.*/, '').toLowerCase())}`;
  }
  yield `links: ${power(web.length)}`;
  yield `link sites: ${power(sites.size)}`;
  yield `link by number: ${web.some((link) => /^[a-z]+:\/\/[\d.]+(?:[/:]|$)/i.test(link))}`;
  yield `from's domain among the links: ${from !== '' && sites.has(from)}`;
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
function power(count: number): string {
  return count < 2 ? count.toString() : (2 ** Math.floor(Math.log2(count))).toString();
}

/** Whether a line is of capitals. Most are told apart by their first small letter. */
function isShouted(line: string): boolean {
  return !/[a-z]/.test(line) && line === line.toUpperCase() && /\p{Lu}{4}/u.test(line);
}

/** How many letters of each case, and of some other characters, a text has; in one pass, which most of the time meets ASCII only. */
function lettersOf(text: string): Record<'upper' | 'lower' | 'exclamations' | 'dollars' | 'foreign', number> {
  let [upper, lower, exclamations, dollars, foreign] = [0, 0, 0, 0, 0];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code >= 0x61 && code <= 0x7a) lower++;
    else if (code >= 0x41 && code <= 0x5a) upper++;
    else if (code === 0x21) exclamations++;
    else if (code === 0x24) dollars++;
    else if (code > 0x7f) {
      foreign++;
      const letter = String.fromCodePoint(text.codePointAt(at) ?? code);
      if (/^\p{Lu}/u.test(letter)) upper++;
      else if (/^\p{Ll}/u.test(letter)) lower++;
    }
  }
  return { upper, lower, exclamations, dollars, foreign };
}

function domainOf(address: string): string {
  return registered(address.split('@')[1] ?? '');
}

/** What somebody registered of a host name, by rule of thumb: two labels, three below a short second one (`co.uk`). */
function registered(host: string): string {
  const name = /[^a-z0-9_.-]/.test(host) ? host.toLowerCase().replace(/[^\w.-]/g, '') : host;
  const labels = (name.endsWith('.') ? name.slice(0, -1) : name).split('.');
  if (/^\d+$/.test(labels.at(-1) ?? '')) return labels.join('.');
  const short = labels.length > 2 && labels.at(-1)?.length === 2 && (labels.at(-2)?.length ?? 0) <= 3;
  return labels.slice(short ? -3 : -2).join('.');
}
