/** A source of lines that is no file. */
export interface LogStream {
  readonly name: string;
  /** @param cursor where reading was before a restart; null for the first time */
  start(cursor: string | null): void;
  /** Where reading may go on after a restart: what was kept `settleMs` ago is on disk. */
  cursor(nowMs: number, settleMs: number): string | null;
  /** Reads no more, and waits for what is being stored. */
  stop(): Promise<void>;
}
