import type { ResourceLimit } from "./last_sight.ts";
import type { ProcessRow } from "./process_row.ts";

/** All that is known of a process that runs. */
export interface ProcessDetail {
  readonly row: ProcessRow;
  /** Its parent, that one's parent, and so on. */
  readonly ancestors: readonly ProcessRow[];
  readonly limits: Readonly<Record<string, ResourceLimit>>;
  /** Share of each limited resource in use; of processes of groups. */
  readonly limitShares: Readonly<Record<string, number>>;
  /** What some of its descriptors are, by number; of processes of groups. */
  readonly openFiles: Readonly<Record<string, string>>;
  readonly moreOpenFiles: boolean;
}
