/** The fields of a message that are judged, found by their names. */
import type { Field } from '../message/content.ts';

/** The judged fields, by name. */
export class Header {
  readonly fields: readonly Field[];
  /** The names in lower case. */
  readonly names: readonly string[];
  private readonly values = new Map<string, string>();

  constructor(fields: readonly Field[]) {
    this.fields = fields;
    this.names = fields.map(({ name }) => name.toLowerCase());
    for (const [at, name] of this.names.entries()) {
      if (!this.values.has(name)) this.values.set(name, fields[at]?.value.slice(0, 2000) ?? '');
    }
  }

  /** The first field of a name, in lower case; empty if there is none. */
  get(name: string): string {
    return this.values.get(name) ?? '';
  }

  /** The first address in a field, lower-cased; empty if there is none. */
  address(name: string): string {
    const words = this.get(name)
      .toLowerCase()
      .split(/[\s<>"'(),;:[\]]+/);
    return words.find((word) => /^[^@]+@[^@]+$/.test(word)) ?? '';
  }
}
