/** Domains as somebody registered them, by rule of thumb: no list of public suffixes, which would change what was learned with each edition. */

/** The registered domain of an address; empty if it has none. */
export function domainOf(address: string): string {
  return registered(address.split('@')[1] ?? '');
}

/** What somebody registered of a host name: two labels, three below a short second one (`co.uk`). */
export function registered(host: string): string {
  const plain = /[^a-z0-9_.-]/.test(host) ? host.toLowerCase().replace(/[^\w.-]/g, '') : host;
  const name = plain.endsWith('.') ? plain.slice(0, -1) : plain;
  const last = dotBefore(name, name.length);
  if (/^\d+$/.test(name.slice(last + 1))) return name;
  const second = dotBefore(name, last);
  const isShort = second >= 0 && name.length - last === 3 && last - second <= 4;
  return name.slice((isShort ? dotBefore(name, second) : second) + 1);
}

/** Where the last dot before a place stands; -1 if there is none. */
function dotBefore(name: string, at: number): number {
  return at < 1 ? -1 : name.lastIndexOf('.', at - 1);
}
