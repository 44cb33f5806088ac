/** Facts of the parts, the text and its links. */
import type { AddressedLink, Content, Part } from '../message/content.ts';
import { domainOf, registered } from './domain.ts';
import type { FactLines } from './fact-lines.ts';
import { power, shape } from './shape.ts';
import { lookOf } from './text-look.ts';

/** The most links that are told of. */
const mostLinks = 60;

/** Tells what the parts are. */
export function tellParts(facts: FactLines, parts: readonly Part[]): void {
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

/** Tells what the text looks like and what was hidden in it. */
export function tellText(facts: FactLines, { text, hidden, marks, parts }: Content): void {
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

/** Tells where links lead, in all and then of each. `from`: the domain of the sender. */
export function tellLinks(
  facts: FactLines,
  { links, addressed }: Pick<Content, 'links' | 'addressed'>,
  from: string,
): void {
  const judged = links.slice(0, mostLinks);
  const web = judged.filter(isWeb).map(placeOf);
  const sites = new Set(web.map(({ host }) => registered(host)));
  facts.tell('links: ', power(web.length));
  facts.tell('link sites: ', power(sites.size));
  facts.tell(
    'link by number: ',
    web.some(({ authority }) => /^[\d.]+(?::|$)/.test(authority)),
  );
  facts.tell("from's domain among the links: ", from !== '' && sites.has(from));
  if (web.some(({ authority }) => authority.includes('@'))) facts.tell('link with a user name');
  if (web.some(({ authority }) => authority.includes(':'))) facts.tell('link with a port');
  if (addressed.slice(0, mostLinks).some(leadsElsewhere)) facts.tell('link shown as another site');
  for (const site of sites) {
    facts.tell('link site: ', site);
    facts.tell('link ending: ', site.split('.').at(-1) ?? '');
  }
  for (const { host, path } of web) {
    facts.tell('link host: ', host);
    facts.tell('link path shape: ', shape(path, 24));
  }
  for (const link of judged.filter((link) => /^mailto:/i.test(link))) {
    facts.tell('mailto: ', domainOf(link.slice('mailto:'.length).replace(/\?.*/, '').toLowerCase()));
  }
}

function isWeb(link: string): boolean {
  return /^(?:https?|ftp):\/\//i.test(link);
}

function leadsElsewhere({ host, target }: AddressedLink): boolean {
  return isWeb(target) && registered(placeOf(target).host) !== registered(host);
}

/** The parts of a web address that facts are told of (RFC 3986, section 3). */
function placeOf(link: string): Record<'authority' | 'host' | 'path', string> {
  const [, authority = '', path = ''] = /^[a-z]+:\/\/([^/?#]*)(.*)/i.exec(link.slice(0, 500)) ?? [];
  return { authority, host: authority.toLowerCase().split('@').at(-1)?.split(':', 1)[0] ?? '', path };
}
