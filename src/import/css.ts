/**
 * DSPAM's hash file, USER.css: tokens and totals of one user, as the machine that wrote it has its integers.
 *
 * Extents stand back to back, each a header and then `records` records:
 *
 *             64 bits                                        32 bits
 *     header  80 bytes: records (8), 8 totals of 8,          40 bytes: records (4), 8 totals of 4,
 *             8 of padding                                   4 of padding
 *     record  24 bytes: token (8), innocent (8), spam (8)    16 bytes: token (8), innocent (4), spam (4)
 *
 * All little-endian. The totals of the first extent count. Token 0 is a free record. The upper 4 of a counter's 32 bits hold the age that
 * cssclean keeps, and are left out. The file has no dates. Which width it has is told by its length, which must come out exactly: a file that was cut is
 * an error, and so is one of another make (big-endian, or with a header of its own).
 */
import { openSync, closeSync, fstatSync, readSync } from 'node:fs';
import { broken, chunkLength, type Fact, type Facts, type Owner } from './fact.ts';

/** Where the integers of a width stand, in bytes. */
interface Width {
  readonly bits: number;
  readonly header: number;
  readonly record: number;
  readonly integer: 4 | 8;
}

const widths: readonly Width[] = [
  { bits: 64, header: 80, record: 24, integer: 8 },
  { bits: 32, header: 40, record: 16, integer: 4 },
];

/** An extent: where its records begin, and how many they are. */
interface Extent {
  readonly start: number;
  readonly records: number;
}

const counterMask = 0x0fff_ffff;
const mostTotal = 2 ** 31 - 1;
const totals = 8;
/** No hash file is that long: whoever says so is no header. */
const longestFile = 2 ** 32;
/** Records that are read at a time. */
const readLength = 16_384;

/** Reads the facts of a hash file. */
export async function* cssFacts(file: string, owner: Owner): Facts {
  await Promise.resolve();
  const handle = openSync(file, 'r');
  try {
    const { width, extents } = layoutOf(file, handle);
    yield [{ kind: 'totals', owner, totals: totalsOf(file, handle, width) }];
    for (const extent of extents) yield* recordsOf(file, handle, width, extent, owner);
  } finally {
    closeSync(handle);
  }
}

/** The width by which the lengths of all extents come out, and where they are. */
function layoutOf(file: string, handle: number): { width: Width; extents: readonly Extent[] } {
  const { size } = fstatSync(handle);
  if (size === 0) throw broken(file, undefined, 'The hash file is empty.');
  const tried = widths.map((width) => ({ width, ...extentsOf(file, handle, width, size) }));
  const whole = tried.find(({ end }) => end === size);
  if (whole !== undefined) return whole;
  // The width to tell of is the one that finds the header of an extent where it stops, else the one that got further.
  const rank = ({ at, end = Infinity }: (typeof tried)[number]): number =>
    at + (end < longestFile ? size : 0);
  const best = [...tried].sort((one, other) => rank(other) - rank(one))[0];
  const wanted = best === undefined || best.end === undefined ? 'a header' : `${best.end} bytes`;
  throw broken(
    file,
    `byte ${best?.at ?? 0}`,
    `This is no whole hash file of DSPAM: it has ${size} bytes, but the extent that begins here needs ${wanted}. It was cut, or written by a machine of another byte order; copy it again while DSPAM is stopped, or export it there with dspam_dump.`,
  );
}

/** Extents up to the first that does not fit: it begins at `at` and would end at `end` (undefined: no header fits, or what stands there is none). */
function extentsOf(
  file: string,
  handle: number,
  { header, record, integer }: Width,
  size: number,
): { extents: Extent[]; at: number; end: number | undefined } {
  const extents: Extent[] = [];
  for (let at = 0; ;) {
    if (at + header > size) return { extents, at, end: undefined };
    const bytes = readBytes(file, handle, at, integer);
    const records = Number(integer === 8 ? bytes.readBigUInt64LE() : bytes.readUInt32LE());
    if (records === 0 || records > 2 ** 32) return { extents, at, end: undefined };
    const end = at + header + records * record;
    if (end > size) return { extents, at, end };
    extents.push({ start: at + header, records });
    if (end === size) return { extents, at, end };
    at = end;
  }
}

function totalsOf(file: string, handle: number, { header, integer }: Width): number[] {
  const bytes = readBytes(file, handle, 0, header);
  return Array.from({ length: totals }, (_, i) => {
    const at = integer * (i + 1);
    const value = integer === 8 ? Number(bytes.readBigInt64LE(at)) : bytes.readInt32LE(at);
    if (value > mostTotal) throw broken(file, `byte ${at}`, `A total of ${value} messages cannot be.`);
    return Math.max(0, value);
  });
}

function* recordsOf(
  file: string,
  handle: number,
  { record, integer }: Width,
  { start, records }: Extent,
  owner: Owner,
): Generator<readonly Fact[]> {
  let facts: Fact[] = [];
  for (let done = 0; done < records; done += readLength) {
    const count = Math.min(readLength, records - done);
    const from = start + done * record;
    const bytes = readBytes(file, handle, from, count * record);
    for (let at = 0; at < bytes.length; at += record) {
      const token = bytes.readBigUInt64LE(at);
      if (token === 0n) continue;
      const innocent = bytes.readUInt32LE(at + 8);
      const spam = bytes.readUInt32LE(at + 8 + integer);
      if (integer === 8 && (bytes.readUInt32LE(at + 12) !== 0 || bytes.readUInt32LE(at + 20) !== 0)) {
        throw broken(file, `byte ${from + at}`, 'The record here has counters that cannot be.');
      }
      facts.push({
        kind: 'token',
        owner,
        token,
        spam: spam & counterMask,
        innocent: innocent & counterMask,
        day: 0,
      });
    }
    if (facts.length < chunkLength) continue;
    yield facts;
    facts = [];
  }
  if (facts.length > 0) yield facts;
}

function readBytes(file: string, handle: number, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length;) {
    const read = readSync(handle, bytes, at, length - at, position + at);
    if (read === 0) throw broken(file, `byte ${position + at}`, 'The file ends here while it is read.');
    at += read;
  }
  return bytes;
}
