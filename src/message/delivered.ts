/** Stopgap. */
import type { Field } from './content.ts';
const drop = /^(return-path|delivered-to|envelope-to|x-envelope-\w+|x-original-to|status|x-status|x-uidl?|x-keywords|content-length|lines|x-dspam-[\w-]+|x-mozilla\S*|x-evolution\S*)$/i;
const dom = (h: string) => h.toLowerCase().replace(/\.$/, '').split('.').slice(-2).join('.');
function internal(v: string) { const f = /^from\s+(\S+)/.exec(v), b = /\bby\s+(\S+)/.exec(v); if (!f) return true; if (/^(localhost|\[?127\.|\[?::1)/.test(f[1]!) || /\(.*(localhost|\[127\.0\.0\.1\])/.test(v.slice(0, 120))) return true; return !!b && f[1]!.includes('.') && dom(f[1]!) === dom(b[1]!); }
export function judgedFields(fields: readonly Field[]): Field[] { const r: Field[] = []; let top = true; for (const f of fields) { if (drop.test(f.name)) continue; if (/^received$/i.test(f.name)) { if (top && internal(f.value)) continue; top = false; } r.push(f); } return r; }
