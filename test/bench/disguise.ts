/**
 * A spam message as a spammer may send it: its header fields and what it says, written anew around changed text.
 *
 * Written anew it has one part, as HTML if it had any, and keeps nothing of the old markup: what is measured is the attack, so
 * the message written anew without any is the case that others are compared with.
 */
import type { FullReading } from '../../src/judge/reading.ts';

/** The text that goes in, and how it is wrapped. */
export interface Disguise {
  /** Put before the fields of the header, each with its line end. */
  readonly fields?: string;
  /** Changes the visible text. */
  readonly text?: (text: string) => string;
  /** Put before and after the visible text. */
  readonly before?: string;
  readonly after?: string;
  /** Put before the visible text where a reader does not see it; the message becomes HTML. */
  readonly hidden?: string;
  /** Markup put before the text; the message becomes HTML. */
  readonly markup?: string;
  /** Parts around it that programs do not show: other alternatives, or what is attached; the message becomes HTML. */
  readonly around?: {
    readonly type: 'alternative' | 'mixed';
    readonly before: readonly string[];
    readonly after: readonly string[];
  };
  /** Attributes of an element around the visible text; the message becomes HTML. */
  readonly wrapped?: string;
  readonly encoding?: '8bit' | 'base64';
}

/** The message, disguised. */
export function disguised(raw: Uint8Array, { content }: FullReading, disguise: Disguise): Buffer {
  const {
    fields: more = '',
    text = (same: string) => same,
    before = '',
    after = '',
    hidden,
    markup = '',
    around,
    wrapped,
    encoding = '8bit',
  } = disguise;
  const html =
    hidden !== undefined ||
    around !== undefined ||
    wrapped !== undefined ||
    markup !== '' ||
    content.parts.some(({ type }) => type === 'text/html');
  const visible = [before, text(content.text), after].filter((part) => part !== '').join('\n\n');
  const body = Buffer.from(
    html
      ? `<html><body>${markup}${hidden === undefined ? '' : `<div style="display:none">${escaped(hidden)}</div>`}` +
          `<div ${wrapped ?? ''}><p>${escaped(visible).replaceAll('\n\n', '</p>\n<p>')}</p></div></body></html>\n`
      : `${visible}\n`,
  );
  const encoded = encoding === 'base64' ? inLines(body.toString('base64')) : body;
  const header = Buffer.from(`${more}${headerOf(raw)}MIME-Version: 1.0\n`, 'latin1');
  const part = Buffer.concat([Buffer.from(fieldsOf(html ? 'html' : 'plain', encoding)), encoded]);
  if (around === undefined) return Buffer.concat([header, part]);
  const apart = around.type === 'mixed' ? 'Content-Disposition: attachment\n' : '';
  // The first in plain text, as is usual, the others in HTML.
  const others = (texts: readonly string[]): string =>
    texts
      .map((one, at) => `--tamis\n${apart}${fieldsOf(at === 0 ? 'plain' : 'html', '8bit')}${one}\n`)
      .join('');
  const type = `Content-Type: multipart/${around.type}; boundary=tamis\n\n`;
  return Buffer.concat([
    header,
    Buffer.from(`${type}${others(around.before)}--tamis\n`),
    part,
    Buffer.from(`${others(around.after)}--tamis--\n`),
  ]);
}

/** The fields of a part of text, and the empty line behind them. */
function fieldsOf(kind: 'html' | 'plain', encoding: string): string {
  return `Content-Type: text/${kind}; charset=utf-8\nContent-Transfer-Encoding: ${encoding}\n\n`;
}

/** The header block without its MIME fields, each line with its end. */
function headerOf(raw: Uint8Array): string {
  let kept = '';
  let keep = true;
  for (const line of Buffer.from(raw).toString('latin1').replaceAll('\r\n', '\n').split('\n')) {
    if (line === '') break;
    if (line.startsWith('From ')) continue;
    if (!line.startsWith(' ') && !line.startsWith('\t')) keep = !/^(?:content-|mime-version:)/i.test(line);
    if (keep) kept += `${line}\n`;
  }
  return kept;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Base64 in lines of 76 letters (RFC 2045, section 6.8). */
function inLines(base64: string): Buffer {
  const lines: string[] = [];
  for (let at = 0; at < base64.length; at += 76) lines.push(`${base64.slice(at, at + 76)}\n`);
  return Buffer.from(lines.join(''));
}
