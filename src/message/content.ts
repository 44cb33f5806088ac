/**
 * The shape of what a message says: plain values that features are made of. Nothing here
 * remembers the raw bytes; what goes out is cut from the input by filter/, never from this.
 */

/** One field of the top-level header block. */
export interface Field {
  /** The name as written, without the colon. */
  readonly name: string;
  /** The value: unfolded, RFC 2047 words decoded, runs of white space made one blank, trimmed. */
  readonly value: string;
}

/** One MIME part, also a multipart or an attached message. */
export interface Part {
  /** Lower-case media type, `text/plain` where none is declared. */
  readonly type: string;
  /** Lower-case charset as declared, empty where none is. */
  readonly charset: string;
  /** Lower-case Content-Transfer-Encoding as declared, empty where none is. */
  readonly encoding: string;
  /** Lower-case as declared: `inline`, `attachment`, any other word, or empty. */
  readonly disposition: string;
  /** The decoded file name, empty where none is. */
  readonly fileName: string;
  /** 0 for the message itself. */
  readonly depth: number;
  /** Encoded bytes of its body within the prefix. */
  readonly size: number;
}

/** What was normalised away, counted: tricks that hide words from filters. */
export interface Marks {
  /** Zero-width characters and soft hyphens inside text. */
  readonly zeroWidth: number;
  /** Bidirectional control characters. */
  readonly bidi: number;
  /** Words that mixed scripts and were folded to Latin letters. */
  readonly mixedScript: number;
}

/** A link of HTML whose text is itself a web address. */
export interface AddressedLink {
  /** The host that a reader sees, in lower case. */
  readonly host: string;
  /** Where it leads. */
  readonly target: string;
}

/** What a message says, decoded and normalised (NFKC, look-alikes folded, line ends `\n`). */
export interface Content {
  /** The top-level fields in their order; an mbox `From ` line is not among them. */
  readonly fields: readonly Field[];
  /**
   * The visible text of text parts and attached messages in their order, `\n` between parts. Link and
   * image targets stand in it where they stood, cut to 80 characters (of many pictures to 30), those of HTML set off by blanks.
   */
  readonly text: string;
  /**
   * Text that few readers see: alternatives to what is in the text, and what is attached. Empty where there is no other text: then that is
   * the text.
   */
  readonly aside: string;
  /** Text that HTML hides from the reader. */
  readonly hidden: string;
  /** Link and image targets of HTML, and URLs in plain text, whole, in their order, each once. */
  readonly links: readonly string[];
  /** The links of HTML whose text is itself a web address. */
  readonly addressed: readonly AddressedLink[];
  /** All parts in their order; the first is the message itself. */
  readonly parts: readonly Part[];
  readonly marks: Marks;
  /** False where mailsplit gave up and only what was seen before counts. */
  readonly whole: boolean;
}
