/**
 * HTML as DSPAM's engine reads it: tags go, some of their URLs stay, entities become bytes of Latin-1.
 *
 * It is not how a reader sees it (message/html.ts does that): hidden text counts, and a tag within a word joins its halves. What is not
 * written down of DSPAM is decided here: a tag ends at the first `>`, and a `<` that no letter, `/`, `!` or `?` follows is text.
 * Linear in the input.
 */

/** Elements of which a URL counts. */
const linking: ReadonlySet<string> = new Set(
  'a img input iframe frame script form embed area base link source body blockquote q ins del'.split(' '),
);

/** Elements whose content is no text. */
const silent: ReadonlySet<string> = new Set('script style object applet iframe noscript'.split(' '));

/** Elements that end a line. */
const blocks: ReadonlySet<string> = new Set(
  (
    'address article aside blockquote body br center dd dir div dl dt fieldset footer form h1 h2 h3 h4 h5 h6 head header hr html legend li ' +
    'main menu nav ol option p pre section select table tbody td tfoot th thead title tr ul'
  ).split(' '),
);

const ascii: Readonly<Record<string, number>> = { quot: 34, amp: 38, apos: 39, lt: 60, gt: 62, nbsp: 32 };
/** The names of the characters from 161 to 255 (HTML 4.01, section 24.2.1). */
const latin = (
  'iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro para middot cedil sup1 ' +
  'ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc ' +
  'Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde ' +
  'auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ' +
  'ugrave uacute ucirc uuml yacute thorn yuml'
).split(' ');
const entities: ReadonlyMap<string, number> = new Map([
  ...Object.entries(ascii),
  ...latin.map((name, i) => [name, 161 + i] as const),
]);

/** The text of HTML, both as one character a byte. */
export function textOfHtml(html: string): string {
  let text = '';
  let at = 0;
  while (at < html.length) {
    const open = html.indexOf('<', at);
    text += decoded(html.slice(at, open < 0 ? html.length : open));
    if (open < 0) break;
    if (!/[a-z/!?]/i.test(html.charAt(open + 1))) {
      text += '<';
      at = open + 1;
      continue;
    }
    const end = endOf(html, open);
    const tag = html.slice(open + 1, end);
    const name = /^\/?[a-z][a-z0-9]*/i.exec(tag)?.[0].toLowerCase() ?? '';
    if (linking.has(name)) text += urlsOf(tag);
    if (blocks.has(name.replace('/', ''))) text += '\n';
    at = silent.has(name) ? closing(html, name, end) : end + 1;
  }
  return text;
}

/** Where a tag or comment ends: the place of its `>`, or the end of the text. */
function endOf(html: string, open: number): number {
  const comment = html.startsWith('<!--', open);
  const end = comment ? html.indexOf('-->', open + 4) : html.indexOf('>', open);
  if (end < 0) return html.length;
  return comment ? end + 2 : end;
}

/** Where the closing tag of an element begins. What is never closed is dropped to the end. */
function closing(html: string, name: string, from: number): number {
  const pattern = closers.get(name);
  if (pattern === undefined) return from + 1;
  pattern.lastIndex = from;
  return pattern.exec(html)?.index ?? html.length;
}

const closers: ReadonlyMap<string, RegExp> = new Map(
  [...silent].map((name) => [name, new RegExp(`</${name}(?![a-z0-9])`, 'gi')]),
);

/** The URLs that stand in a tag's attributes, set off by blanks. */
function urlsOf(tag: string): string {
  const found = tag.matchAll(/=[ \t\n]{0,9}["']?((?:https?|ftp):\/\/[^\s"'>]{1,1023})/gi);
  return Array.from(found, ([, url]) => ` ${url ?? ''} `).join('');
}

function decoded(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&(#?)([a-z0-9]{1,8});/gi, (whole, number: string, name: string) => {
    const code = number === '' ? entities.get(name) : /^\d+$/.test(name) ? Number(name) : undefined;
    return code !== undefined && code > 0 && code <= 255 ? String.fromCharCode(code) : whole;
  });
}
