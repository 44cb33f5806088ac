/**
 * Fields that somebody looks at: a reader, or the program that a reader uses to sort and to answer.
 *
 * Only these are judged letter by letter. The others (signatures, seals, the notes of servers and of bulk mailers) are a place where
 * anybody can write anything and where today most of a header block stands, at random in great part: of them counts that they are
 * there and their first word (facts.ts). Else three kilobytes of seals push From and Subject out of what is read, and a spammer stuffs fields of
 * their own with whatever looks good.
 */

/** RFC 5322, sections 3.6.1 to 3.6.5; RFC 2045; RFC 2919; and what RFC 2076 lists of programs and priorities. */
const shown: ReadonlySet<string> = new Set(
  (
    'date from sender reply-to to cc subject message-id in-reply-to references organization mime-version content-type ' +
    'content-transfer-encoding list-id precedence errors-to importance x-priority x-mailer user-agent'
  ).split(' '),
);

/** Whether anybody looks at a field, given by its name in lower case. */
export function isShown(name: string): boolean {
  return shown.has(name);
}
