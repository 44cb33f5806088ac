/** Stopgap. */
import libmime from 'libmime';
import type { Content, Field } from './content.ts';
import type { Split } from './split.ts';
function html(t: string) { return t.replace(/<style[\s\S]*?<\/style>/gi, ' ').replace(/<!--[\s\S]*?-->/g, '').replace(/<[^>]*>/g, (m) => { let o = ' '; for (const x of m.matchAll(/(?:href|src)\s*=\s*["']?([^"'\s>]+)/gi)) o += ' ' + x[1]!.slice(0, 80) + ' '; return /^<\/?(b|i|font|span|a|u|em|strong)\b/i.test(m) && o === ' ' ? '' : o; }).replace(/&nbsp;/g, ' ').replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&quot;/g, '"').replace(/&amp;/g, '&'); }
export function readContent(split: Split): Content {
  const fields: Field[] = [];
  for (const line of split.header.replace(/\n[ \t]+/g, ' ').split('\n')) { const i = line.indexOf(':'); if (i > 0) { let v = line.slice(i + 1).replace(/\s+/g, ' ').trim(); try { v = libmime.decodeWords(v); } catch {} fields.push({ name: line.slice(0, i), value: v }); } }
  const texts: string[] = [];
  for (const p of split.parts) { if (p.multipart || !p.type.startsWith('text/')) continue; let d = p.body; if (p.encoding === 'base64') d = Buffer.from(d.toString('latin1'), 'base64'); else if (p.encoding === 'quoted-printable') d = Buffer.from(d.toString('latin1').replace(/=\n/g, '').replace(/=([0-9A-Fa-f]{2})/g, (_m, h: string) => String.fromCharCode(parseInt(h, 16))), 'latin1');
    let t: string; try { t = new TextDecoder('utf-8', { fatal: true }).decode(d); } catch { try { t = libmime.charset.decode(d, p.charset || 'windows-1252'); } catch { t = d.toString('latin1'); } }
    texts.push((p.type === 'text/html' ? html(t) : t).replace(/!DSPAM:[0-9a-f,]+!/g, '')); }
  return { fields, text: texts.join('\n'), hidden: '', links: [], parts: split.parts.map((p) => ({ ...p, size: p.body.length })), marks: { zeroWidth: 0, bidi: 0, mixedScript: 0 }, whole: split.whole };
}
