/** Invented mail, and what is done to it on its way. */

/** What a message is made of. */
export interface Draft {
  readonly id: string;
  readonly from?: string;
  readonly subject?: string;
  readonly body?: string;
  /** More header lines, each with its line end. */
  readonly fields?: string;
}

/** A plain message with LF line ends. */
export function mail({
  id,
  from = 'kim@example.org',
  subject = 'Minutes',
  body,
  fields = '',
}: Draft): string {
  return (
    'Received: from mx.example.org (mx.example.org [192.0.2.7]) by mail.example.net; Sun, 22 Nov 2026 21:33:50 +0000\n' +
    `From: ${from}\nTo: joe@example.net\nSubject: ${subject}\nMessage-ID: <${id}@example.org>\n` +
    `Date: Sun, 22 Nov 2026 21:33:49 +0000\n${fields}\n${body ?? 'Here are the minutes of the meeting on Tuesday.\n'}`
  );
}

/** A message that advertises. */
export function advertisement(id: string): string {
  const body = 'Cheap watches and pills, order now at http://shop.example.com/buy and save 90 %!\n';
  return mail({ id, from: 'winner@example.com', subject: 'Cheap watches', body });
}

/** The message with CRLF line ends. */
export function withCrlf(message: string): string {
  return message.replaceAll('\n', '\r\n');
}

/** The message without the fields of ours; both must have LF line ends, or both CRLF. */
export function withoutOurs(message: string): string {
  const end = /\r?\n(?=\r?\n)/.exec(message);
  const at = end === null ? message.length : end.index + end[0].length;
  return message.slice(0, at).replace(/^X-DSPAM-[^\n]*\n(?:[ \t][^\n]*\n)*/gim, '') + message.slice(at);
}

/** The value of a field of ours, unfolded; undefined if it is not there. */
export function field(message: string, name: string): string | undefined {
  const lines = message.split(/\r?\n\r?\n/)[0]?.split(/\r?\n/) ?? [];
  return lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
}
