/** Takes in lines, whichever transport brings them. */
export interface LineConsumer {
  /**
   * Takes whole lines, each but perhaps the last with its newline. Resolves when they are kept or
   * added up; what of them was not is noted in the source's books.
   * @param datagramEnds where each datagram that they came in ends, for who must tell them apart
   * @throws HorizonError with `retryAfterMs` when there is no room: nothing of them was taken
   */
  take(lines: Uint8Array, datagramEnds?: readonly number[]): Promise<void>;
}

/** A listener that is open. */
export interface RunningReceiver {
  /** `HOST:PORT`, with the real port where 0 was asked for. */
  readonly address: string;
  /** Takes nothing more, and waits for what is under way, but not past the deadline. */
  shutdown(deadlineMs: number): Promise<void>;
}

const NEWLINE = 10;

/** How many lines these are. */
export function countLines(lines: Uint8Array): number {
  let newlines = 0;
  for (const byte of lines) {
    if (byte === NEWLINE) newlines++;
  }
  return lines.at(-1) === NEWLINE ? newlines : newlines + 1;
}
