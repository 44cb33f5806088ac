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

  /**
   * The address of the first mailbox in a field (RFC 5322, section 3.4), lower-cased; empty if there is none. A name that is itself
   * an address, `"joe@example.org" <x@example.com>`, is what a forger writes, not where the message is from.
   */
  address(name: string): string {
    const value = this.get(name).toLowerCase();
    const unquoted = value
      .split('"')
      .filter((_, at) => at % 2 === 0)
      .join(' ');
    const mailbox = unquoted.split(',').find((one) => one.includes('@')) ?? '';
    const [address] = addressesIn(mailbox.slice(mailbox.lastIndexOf('<') + 1));
    return address ?? addressesIn(value)[0] ?? '';
  }

  /** All that looks like an address in a field, in names too, lower-cased. */
  addresses(name: string): readonly string[] {
    return addressesIn(this.get(name).toLowerCase());
  }
}

function addressesIn(value: string): string[] {
  return value.split(/[\s<>"'(),;:[\]]+/).filter((word) => /^[^@]+@[^@]+$/.test(word));
}
