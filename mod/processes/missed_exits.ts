import { toHorizonError } from "../errors.ts";
import type { HorizonEvent } from "../events/event.ts";
import type { Logger } from "../log/logger.ts";
import type { QueryFn, SqlValue } from "../ports.ts";
import { processId, START_TIME_TOLERANCE_MS } from "./process_identity.ts";

export interface MissedExitsOptions {
  readonly query: QueryFn;
  /** Whether a process with this start, give or take what it is told by, runs. */
  readonly isRunning: (pid: number, startTimeMs: number) => boolean;
  /** Whether the processes have been looked at; before that nothing runs. */
  readonly hasLooked: () => boolean;
  readonly write: (event: HorizonEvent) => void;
  readonly nowMs: () => number;
  readonly timers: { after(delayMs: number, run: () => void): () => void };
  readonly log: Logger;
}

/** Processes that are made good for; those that started last. */
const MAX_MISSED = 2_000;
/** How often it is seen whether the processes have been looked at, milliseconds. */
const POLL_MS = 500;

/** Starts of processes of which no end is known, the last first. */
const OPEN_STARTS = `WITH ended AS (
    SELECT pid, epoch_ms(start_time) AS start_ms FROM process_events WHERE event = 'exit'
  )
  SELECT s.pid, epoch_ms(s.start_time) AS start_ms, s.service, s.name, s.attributes
  FROM process_events s WHERE s.event IN ('start', 'found') AND NOT EXISTS (
    SELECT 1 FROM ended e WHERE e.pid = s.pid
      AND abs(e.start_ms - epoch_ms(s.start_time)) <= ${START_TIME_TOLERANCE_MS})
  ORDER BY s.ts DESC LIMIT ${MAX_MISSED}`;

/**
 * Once after a start: tells the end of processes that ran when Horizon was there before, and do not
 * any more. Nobody saw how they ended.
 */
export class MissedExits {
  readonly #options: MissedExitsOptions;
  #cancel: () => void = () => {};
  #asking: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: MissedExitsOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#stopped) return;
    if (this.#options.hasLooked()) this.#asking = this.#tell();
    else this.#cancel = this.#options.timers.after(POLL_MS, () => this.start());
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#asking;
  }

  async #tell(): Promise<void> {
    const { query, isRunning, write, nowMs, log } = this.#options;
    try {
      const result = await query({ sql: OPEN_STARTS });
      const told = new Map<number, number[]>();
      for (const row of result.rows()) {
        const event = exitOf(row, nowMs());
        if (event === null || isRunning(event.pid, event.startMs)) continue;
        // One that was found at several starts of Horizon has an event for each.
        const starts = told.get(event.pid) ?? [];
        if (starts.some((one) => Math.abs(one - event.startMs) <= START_TIME_TOLERANCE_MS)) {
          continue;
        }
        told.set(event.pid, [...starts, event.startMs]);
        write(event.exit);
      }
    } catch (error) {
      if (!this.#stopped) {
        log.warn("missed_exits_unknown", { error: toHorizonError(error).message });
      }
    }
  }
}

/** The end of the process of a row; null for what is none. */
function exitOf(
  [pid, startMs, service, name, attributes]: readonly SqlValue[],
  tsMs: number,
): { pid: number; startMs: number; exit: HorizonEvent } | null {
  const startTimeMs = Number(startMs);
  if (typeof pid !== "number" || !Number.isSafeInteger(startTimeMs)) return null;
  const known = typeof attributes === "object" && attributes !== null
    ? Object.entries(attributes)
    : [];
  const exit: HorizonEvent = {
    tsMs,
    stream: "process",
    name: "exit",
    subject: processId(pid, startTimeMs),
    service: typeof service === "string" ? service : null,
    pid,
    severity: "info",
    message: `${name ?? "a process"} (pid ${pid}) ended while Horizon was not running`,
    value: null,
    attributes: {
      ...Object.fromEntries(known.filter(isText)),
      cause: "unknown",
      certainty: "none",
      evidence: "it ended while Horizon was not running; the time is that of the first look after",
    },
  };
  return { pid, startMs: startTimeMs, exit };
}

function isText(pair: [string, unknown]): pair is [string, string] {
  return typeof pair[1] === "string";
}
