/** Stopgap. */
import { Splitter } from 'mailsplit';
export interface RawPart { header: string; type: string; charset: string; encoding: string; disposition: string; fileName: string; depth: number; body: Buffer; multipart: boolean }
export interface Split { header: string; parts: RawPart[]; whole: boolean }
export async function splitMessage(prefix: Uint8Array): Promise<Split> {
  let text = Buffer.from(prefix).toString('latin1');
  if (text.startsWith('From ')) text = text.slice(text.indexOf('\n') + 1);
  text = text.replaceAll('\r\n', '\n');
  let end = text.startsWith('\n') ? 0 : text.indexOf('\n\n') + 1;
  if (end === 0 && !text.startsWith('\n')) end = text.length;
  const header = text.slice(0, end);
  const parts: RawPart[] = [];
  let whole = true;
  const splitter = new Splitter();
  await new Promise<void>((resolve) => {
    splitter.on('data', (d: any) => {
      if (d.type === 'node') parts.push({ header: d.getHeaders().toString('latin1'), type: d.contentType || 'text/plain', charset: d.charset || '', encoding: d.encoding || '', disposition: d.disposition || '', fileName: d.filename || '', depth: 0, body: Buffer.alloc(0), multipart: !!d.multipart });
      else if (d.type === 'body') { const p = parts.at(-1)!; p.body = Buffer.concat([p.body, d.value]); }
    });
    splitter.on('end', resolve); splitter.on('error', () => { whole = false; resolve(); });
    splitter.end(Buffer.from(text, 'latin1'));
  });
  return { header, parts, whole };
}
