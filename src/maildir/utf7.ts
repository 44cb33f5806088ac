/**
 * Modified UTF-7, in which the names of mailboxes stand on disk and in old IMAP (RFC 3501, 5.1.3).
 *
 * Printable ASCII stands for itself, `&` is written `&-`, everything else is UTF-16 in base64 between `&` and `-`, with `,` in
 * the place of `/` and no padding. So a name becomes printable ASCII without control characters, whatever it held.
 */

/** A folder's name as it stands on disk: `Verdächtig` is `Verd&AOQ-chtig`. */
export function modifiedUtf7(name: string): string {
  return name.replace(/&|[^\u0020-\u007e]+/g, (run) => {
    if (run === '&') return '&-';
    const base64 = Buffer.from(run, 'utf16le').swap16().toString('base64');
    return `&${base64.replaceAll('=', '').replaceAll('/', ',')}-`;
  });
}
