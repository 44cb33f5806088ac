/** What the daemon says of itself (`tamis status`), counted since it was started. */

/** How a daemon is. */
export interface Status {
  readonly version: string;
  readonly pid: number;
  /** Seconds. */
  readonly uptime: number;
  readonly home: string;
  /** Users held in memory, and the bytes that they take there. */
  readonly warmUsers: number;
  readonly warmBytes: number;
  /** Bytes of memory of the whole process. */
  readonly residentBytes: number;
  /** Messages answered, whatever was asked. */
  readonly messages: number;
  /** How many were judged as what: `Spam`, `Innocent`, `Whitelisted`. */
  readonly verdicts: Readonly<Record<string, number>>;
  /** Messages that were taught and had not been before. */
  readonly learned: number;
  /** Messages that could not be judged or learned. */
  readonly errors: number;
}

/** What is counted of messages. */
export type Counts = Pick<Status, 'messages' | 'verdicts' | 'learned' | 'errors'>;
