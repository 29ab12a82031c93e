import type { TextAttributes } from "../intake/log_writer.ts";

/** One line of a Loki stream. */
export interface LokiEntry {
  /** Microseconds since the Unix epoch, and 0–999 ns. */
  readonly tsUs: number;
  readonly nsRemainder: number;
  readonly line: string;
  readonly metadata: TextAttributes;
}

/** Lines with the labels they share. */
export interface LokiStream {
  readonly labels: TextAttributes;
  readonly entries: readonly LokiEntry[];
}
