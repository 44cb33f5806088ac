/** Stopgap. */
import { createHash } from 'node:crypto';
import type { Content } from './content.ts';
import { judgedFields } from './delivered.ts';
export function fingerprint(c: Content): Buffer { const h = createHash('sha256'); for (const f of judgedFields(c.fields)) if (f.name.toLowerCase() !== 'received') h.update(f.name.toLowerCase() + ':' + f.value + '\n'); h.update(c.text.replace(/\s+/g, ' ').trim()); return h.digest().subarray(0, 16); }
