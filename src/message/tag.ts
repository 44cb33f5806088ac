/** Stopgap. */
import type { Split } from './split.ts';
export function findSignatures(split: Split): string[] { const t = split.header + split.parts.map((p) => p.header + '\n' + p.body.toString('latin1')).join('\n'); return [...t.matchAll(/(?:!DSPAM:|X-DSPAM-Signature: )([0-9a-f,]+)/g)].map((m) => m[1]!); }
