/** Facts of the header block: who, by which program, on which way, proved how, and which fields in which order. */
import { domainOf, registered } from './domain.ts';
import type { FactLines } from './fact-lines.ts';
import { isShown } from './fields.ts';
import type { Header } from './header.ts';
import { power, shape } from './shape.ts';

/** The most fields of a header block that are told of. */
const mostFields = 60;
/** The most of them that nobody looks at: large providers write forty. */
const mostOthers = 20;
/** The longest first word of a field that is a fact, in characters: a longer one is no word. */
const longestWord = 30;

/** What a receiving server checks, and where it says the first result of it. */
const checks = [
  ['dkim', /\bdkim=(\w{1,20})/i],
  ['spf', /\bspf=(\w{1,20})/i],
  ['dmarc', /\bdmarc=(\w{1,20})/i],
] as const;

/** Tells the facts of a header block, those first that must not be missed where there are too many. */
export function tellFields(facts: FactLines, header: Header): void {
  for (const tell of [tellPeople, tellProof, tellSubject, tellProgram, tellRoute, tellOrder])
    tell(facts, header);
}

/** What a server that took the message says of who sent it (RFC 8601), and who signed it (RFC 6376). */
function tellProof(facts: FactLines, header: Header): void {
  const results = header.get('authentication-results');
  for (const [method, found] of checks) {
    const result = found.exec(results)?.[1];
    if (result !== undefined) facts.tell(method, ': ', result.toLowerCase());
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
  if (header.addresses('from').some((address) => domainOf(address) !== domainOf(from)))
    facts.tell('from names an address of another domain');
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

function tellOrder(facts: FactLines, { fields, names }: Header): void {
  let previous = 'start';
  let others = 0;
  for (const [at, { name, value }] of fields.slice(0, mostFields).entries()) {
    const lower = names[at] ?? '';
    const isOrdered = lower === 'received' || isShown(lower);
    if (!isOrdered && ++others > mostOthers) continue;
    facts.tell('has: ', lower);
    if (isOrdered) {
      facts.tell('order: ', previous, ' ', name);
      previous = name;
    } else {
      const word = value.split(' ', 1)[0] ?? '';
      if (word.length <= longestWord) facts.tell('field ', lower, ': ', word);
    }
  }
}
