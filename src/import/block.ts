/**
 * Rows of one user on their way into the store, in the order of their tokens: written in that order a LevelDB takes a million of them in half the time.
 *
 * A block has columns, 18 bytes a token, and room for {@link blockLength} rows. Its order depends on nothing but its rows.
 */
import type { TokenRows } from '../store/contract.ts';
import type { Fact, TokenFact } from './fact.ts';

/** A signature of a source. */
export type SignatureFact = Extract<Fact, { kind: 'signature' }>;

/** Rows that a block takes: so many that the place of a row and the upper half of its token fit into a double. */
export const blockLength: number = 2 ** 20;

/** A part of a block, to be written at once. */
export interface Piece {
  readonly tokens: Required<TokenRows>;
  readonly signatures: readonly SignatureFact[];
}

/** Rows that grow until they are written. */
export class Block {
  #keys = new BigUint64Array(256);
  #values = new Int32Array(512);
  #days = new Uint16Array(256);
  #tokens = 0;
  readonly #signatures: SignatureFact[] = [];

  /** Rows so far. */
  get length(): number {
    return this.#tokens + this.#signatures.length;
  }

  /** @param today The day of tokens that tell none. */
  take(row: TokenFact | SignatureFact, today: number): void {
    if (row.kind === 'signature') {
      this.#signatures.push(row);
      return;
    }
    if (this.#tokens === this.#keys.length) this.#grow();
    const at = this.#tokens++;
    this.#keys[at] = row.token;
    this.#values[2 * at] = row.spam;
    this.#values[2 * at + 1] = row.innocent;
    this.#days[at] = row.day === 0 ? today : row.day;
  }

  /** The rows in pieces, the first `done` left out; tokens by their upper halves, then signatures as they came. */
  *pieces(done: number, pieceLength: number): Generator<Piece> {
    const order = this.#order();
    for (let at = done; at < this.length; at += pieceLength) {
      const places = order.subarray(Math.min(at, this.#tokens), at + pieceLength);
      const from = Math.max(0, at - this.#tokens);
      yield {
        tokens: {
          keys: BigUint64Array.from(places, (place) => this.#keys[place] ?? 0n),
          values: Int32Array.from(
            Array.from(places).flatMap((place) => [
              this.#values[2 * place] ?? 0,
              this.#values[2 * place + 1] ?? 0,
            ]),
          ),
          days: Uint16Array.from(places, (place) => this.#days[place] ?? 0),
        },
        signatures: this.#signatures.slice(from, Math.max(0, at + pieceLength - this.#tokens)),
      };
    }
  }

  #order(): Uint32Array {
    const halves = new Uint32Array(this.#keys.buffer);
    const sorted = Float64Array.from(
      { length: this.#tokens },
      (_, at) => (halves[2 * at + 1] ?? 0) * blockLength + at,
    ).sort();
    return Uint32Array.from(sorted, (value) => value % blockLength);
  }

  #grow(): void {
    const length = 2 * this.#keys.length;
    const [keys, values, days] = [this.#keys, this.#values, this.#days];
    this.#keys = new BigUint64Array(length);
    this.#keys.set(keys);
    this.#values = new Int32Array(2 * length);
    this.#values.set(values);
    this.#days = new Uint16Array(length);
    this.#days.set(days);
  }
}
