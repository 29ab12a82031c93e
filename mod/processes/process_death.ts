import type { Death } from "./death.ts";
import type { LastSight } from "./last_sight.ts";
import type { ProcessRow } from "./process_row.ts";

/** A process that has ended, with what is known of it and of its end. */
export interface ProcessDeath {
  /** As it was seen last; `exitedAtMs` is the look that missed it. */
  readonly process: ProcessRow;
  readonly death: Death;
  /** Its group asks for attention: that it is gone is a crash even when nothing says why. */
  readonly watched: boolean;
  /** A group names it: it is expected to run. Children that a group takes in come and go. */
  readonly expected: boolean;
  readonly lastSight: LastSight | null;
}
