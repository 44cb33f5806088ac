/**
 * Integers as bytes: big-endian ones of fixed width, and varints (seven bits a byte, lowest first, the high bit set
 * on all but the last), up to 2^53 - 1. Signed ones are zigzagged first: 0, -1, 1, -2, … become 0, 1, 2, 3, ….
 */

/** Reads integers one after another. Throws RangeError past the end. */
export class ByteReader {
  readonly bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** Whether all bytes are read. */
  get done(): boolean {
    return this.#at >= this.bytes.length;
  }

  byte(): number {
    const byte = this.bytes[this.#at++];
    if (byte === undefined) throw new RangeError('A record ends in the middle.');
    return byte;
  }

  uint24(): number {
    return this.byte() * 65536 + this.byte() * 256 + this.byte();
  }

  varint(): number {
    let value = 0;
    for (let unit = 1; ; unit *= 128) {
      const byte = this.byte();
      value += (byte & 127) * unit;
      if (value > Number.MAX_SAFE_INTEGER) throw new RangeError('A number in a record is too large.');
      if (byte < 128) return value;
    }
  }

  /** A copy of what has not been read. */
  rest(): Uint8Array {
    return new Uint8Array(this.bytes.subarray(this.#at));
  }
}

/** Appends integers to bytes that grow as needed. */
export class ByteWriter {
  #bytes: Uint8Array = new Uint8Array(128);
  #length = 0;

  byte(value: number): void {
    if (this.#length === this.#bytes.length) {
      const larger = new Uint8Array(2 * this.#length);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes[this.#length++] = value;
  }

  uint24(value: number): void {
    this.byte(value >>> 16);
    this.byte((value >>> 8) & 255);
    this.byte(value & 255);
  }

  varint(value: number): void {
    let rest = value;
    while (rest > 127) {
      this.byte((rest % 128) + 128);
      rest = Math.floor(rest / 128);
    }
    this.byte(rest);
  }

  /** Some bytes as they are. */
  bytes(source: Uint8Array): void {
    for (const value of source) this.byte(value);
  }

  /** Forgets all bytes so far. */
  clear(): void {
    this.#length = 0;
  }

  /** A copy of all bytes so far; the writer starts anew. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    return taken;
  }
}

/** A signed integer as an unsigned one. */
export function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

/** What {@link zigzag} was given. */
export function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}
