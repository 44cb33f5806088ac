/**
 * Facts: what can be said of a message beside its bytes, each in a few words that a person reads.
 *
 * Who it is from and whether the addresses agree, how the header is built, what the parts are, where links lead, and counts in
 * powers of two. A fact is either there or not. Linear in the content.
 */
import type { Content, Field } from '../message/content.ts';
import { tellLinks, tellParts, tellText } from './body-facts.ts';
import { domainOf } from './domain.ts';
import { FactLines } from './fact-lines.ts';
import { Header } from './header.ts';
import { tellFields } from './header-facts.ts';

/**
 * The facts of a message, as lines: those of the fields and the parts, an empty line, and those of the text and its links, which the
 * sender can have as they like, by pasting what somebody else wrote. `fields`: those that are judged.
 */
export function factsOf(content: Content, fields: readonly Field[]): Uint8Array {
  const facts = new FactLines();
  const header = new Header(fields);
  tellFields(facts, header);
  tellParts(facts, content.parts);
  facts.leaveLine();
  tellText(facts, content);
  tellLinks(facts, content, domainOf(header.address('from')));
  return facts.written();
}
