/** Shapes and sizes: what two messages of one program have in common though no word is the same. */

/** How a program writes: letters as `a` or `A`, digits as `9`, runs made one. Most of the time it meets ASCII only. */
export function shape(text: string, length: number): string {
  const end = Math.min(300, text.length);
  let count = 0;
  let last = 0;
  for (let at = 0; at < end && count < length; at++) {
    const code = text.charCodeAt(at);
    if (code > 0x7f) return shapeOfAny(text.slice(0, 300)).slice(0, length);
    const kind = kinds[code] ?? 0;
    if (kind === 0 || kind !== last) drawn[count++] = kind === 0 ? code : kind;
    last = kind;
  }
  return drawn.toString('latin1', 0, count);
}

function shapeOfAny(text: string): string {
  return text
    .replace(/\p{Ll}+/gu, 'a')
    .replace(/\p{Lu}+/gu, 'A')
    .replace(/\d+/g, '9');
}

const drawn = Buffer.alloc(300);
/** What stands for runs of an ASCII character and its like; 0 where it stands for itself. */
const kinds = Uint8Array.from({ length: 0x80 }, (_, code) => {
  const drawnAs = shapeOfAny(String.fromCharCode(code)).charCodeAt(0);
  return 'aA9'.includes(String.fromCharCode(drawnAs)) ? drawnAs : 0;
});

/** A count as the power of two below it. */
export function power(count: number): number {
  return count < 1 ? 0 : 2 ** (31 - Math.clz32(count));
}
