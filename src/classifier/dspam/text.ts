/**
 * What DSPAM's engine reads of a message: the header fields of all its parts, rendered, and the text of their bodies.
 *
 * Not the walk of message/split.ts, because the tokens must be DSPAM's: parts form a flat list, a boundary counts from wherever it is
 * named and matches by its beginning, an attached message is opened by its own boundary. Strings hold one byte a character;
 * charsets are not converted. CRs before LFs are dropped. Linear in the input for a bounded number of boundaries.
 */
import { decodeBody } from '../../message/encoding.ts';
import { textOfHtml } from './markup.ts';

/** Each field is rendered into so many bytes; a longer one is cut and loses its line end. */
const longestField = 1023;

/** Boundaries that are kept, the last ones named. */
const mostBoundaries = 64;

/** A header field as it stands, decoded; continuation lines are kept as lines. */
export interface HeaderField {
  readonly name: string;
  readonly value: string;
}

/** A message as DSPAM reads it. */
export interface MessageText {
  /** The fields of all parts, the message's own first. */
  readonly fields: readonly HeaderField[];
  readonly body: string;
}

interface Part {
  readonly fields: HeaderField[];
  readonly lines: string[];
}

/** Reads a message. Never throws for what is in it. */
export function readMessage(message: Uint8Array): MessageText {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  const parts = partsOf(bytes.toString('latin1').replace(/\r\n/g, '\n'));
  let multipart = false;
  const texts: string[] = [];
  for (const part of parts) {
    const type = mediaType(part);
    const first: boolean = type.startsWith('multipart/') && !multipart;
    multipart ||= first;
    if (first || /^(?:text|message)\/|^[^/]*$/.test(type)) texts.push(textOf(part, type));
  }
  return { fields: parts.flatMap(({ fields }) => fields), body: texts.join('\n') };
}

/** A field as a line or lines of the header text that is tokenised. */
export function renderField({ name, value }: HeaderField): string {
  return `${name}: ${value}\n`.slice(0, longestField);
}

function partsOf(text: string): Part[] {
  const parts: Part[] = [];
  const boundaries: string[] = [];
  let part: Part = { fields: [], lines: [] };
  let inHeader = true;
  let field = '';
  let collecting = false;
  const finishField = (): void => {
    if (field !== '') addField(part.fields, field);
    if (/^content-type:/i.test(field)) note(boundaries, field);
    field = '';
  };
  for (const line of linesOf(text)) {
    if (inHeader) {
      if (line === '') {
        finishField();
        inHeader = false;
      } else if (/^[ \t]/.test(line) && field !== '') {
        field += `\n${line}`;
      } else {
        finishField();
        field = line;
      }
      continue;
    }
    const boundary = line.startsWith('--') ? boundaries.find((name) => line.startsWith(name, 2)) : undefined;
    if (boundary !== undefined) {
      parts.push(part);
      part = { fields: [], lines: [] };
      // What follows a closing delimiter has no header.
      inHeader = !line.startsWith('--', 2 + boundary.length);
      continue;
    }
    const named = /^content-type:/i.test(line);
    if (named || (collecting && /^[ \t]/.test(line))) note(boundaries, line);
    collecting = named || (collecting && /^[ \t]/.test(line));
    part.lines.push(line);
  }
  finishField();
  parts.push(part);
  return parts;
}

function linesOf(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** A line that is no field is left out, and so is the line that an mbox puts before the message. */
function addField(fields: HeaderField[], raw: string): void {
  const colon = raw.indexOf(':');
  if (colon <= 0 || raw.startsWith('From ')) return;
  const value = raw.slice(colon + 1).replace(/^[ \t]+/, '');
  fields.push({ name: raw.slice(0, colon), value: decodeWords(value) });
}

function note(boundaries: string[], field: string): void {
  const [, quoted, bare] = /boundary=(?:"([^"\n]{1,200})|([^\s;"]{1,200}))/i.exec(field) ?? [];
  const boundary = quoted ?? bare;
  if (boundary === undefined) return;
  boundaries.push(boundary);
  if (boundaries.length > mostBoundaries) boundaries.shift();
}

function valueOf({ fields }: Part, name: string): string {
  return fields.find((field) => field.name.toLowerCase() === name)?.value.toLowerCase() ?? '';
}

function mediaType(part: Part): string {
  return (valueOf(part, 'content-type').split(/[;\s]/, 1)[0] ?? '').trim();
}

function textOf(part: Part, type: string): string {
  const raw = part.lines.map((line) => `${line}\n`).join('');
  const encoding = valueOf(part, 'content-transfer-encoding').trim();
  const attached = valueOf(part, 'content-disposition').startsWith('attachment');
  const body = attached ? raw : decodedBody(raw, encoding);
  return type === 'text/html' ? textOfHtml(body) : body;
}

function decodedBody(raw: string, encoding: string): string {
  if (encoding === '8bit') return raw.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => character(hex));
  if (encoding !== 'base64' && encoding !== 'quoted-printable') return raw;
  return decodeBody({ encoding, body: Buffer.from(raw, 'latin1') }).toString('latin1');
}

/** The encoded words of a field (RFC 2047), as bytes of whatever charset they name. Blanks between two of them go. */
function decodeWords(value: string): string {
  let text = '';
  let at = 0;
  while (at < value.length) {
    const start = value.indexOf('=?', at);
    if (start < 0) break;
    const between = value.slice(at, start);
    const word = encodedWord(value, start);
    if (word === undefined) {
      text += `${between}=?`;
      at = start + 2;
      continue;
    }
    text += (at > 0 && value.startsWith('?=', at - 2) && between.trim() === '' ? '' : between) + word.text;
    at = word.end;
  }
  return text + value.slice(at);
}

/** The encoded word that begins at `start`, and where it ends; its parts have no blanks and no line ends but for the text. */
function encodedWord(value: string, start: number): { text: string; end: number } | undefined {
  const head = /^=\?[^?\s]{1,80}\?[bq]\?/i.exec(value.slice(start, start + 100))?.[0];
  if (head === undefined) return undefined;
  const begin = start + head.length;
  const end = value.indexOf('?', begin);
  if (end < 0 || value[end + 1] !== '=') return undefined;
  const coded = value.slice(begin, end);
  const text = /b\?$/i.test(head)
    ? Buffer.from(coded, 'base64').toString('latin1')
    : coded.replace(/_/g, ' ').replace(/=([0-9a-f]{2})/gi, (_, hex: string) => character(hex));
  return { text, end: end + 2 };
}

function character(hex: string): string {
  return String.fromCharCode(parseInt(hex, 16));
}
