/** What the filter said of a message, as its header has it. */

/** The header block of a message as latin1. */
export function headerBlockOf(bytes: Buffer): string {
  const lf = bytes.indexOf('\n\n');
  const crlf = bytes.indexOf('\r\n\r\n');
  const ends = [lf, crlf].filter((end) => end >= 0);
  return bytes.subarray(0, ends.length > 0 ? Math.min(...ends) : bytes.length).toString('latin1');
}

/** The result in the last X-DSPAM-Result field, which is the filter's own; undefined if there is none. */
export function resultOf(header: string): string | undefined {
  return Array.from(header.matchAll(/^x-dspam-result:[ \t]{0,20}(\w{1,20})/gim), ([, result]) => result).at(
    -1,
  );
}
