import type { Logger } from "../mod/log/logger.ts";
import type { ProcessRow } from "../mod/processes/process_row.ts";
import type { StateRow } from "./state_rows.ts";
import type { StoreClient } from "./store_client.ts";

/** How old what `processes` and `collectors` show may be. */
const REFRESH_MS = 5_000;

/** A collector's state as the `collectors` view shows it. */
export interface CollectorRow {
  readonly name: string;
  readonly intervalMs: number;
  readonly lastDurationMs: number | null;
  readonly lastSuccessMs: number | null;
  readonly successes: number;
  readonly failures: number;
  readonly timeouts: number;
  readonly skipped: number;
  readonly lastError: string | null;
}

export interface StateSources {
  readonly processes: () => readonly ProcessRow[];
  readonly collectors: () => readonly CollectorRow[];
  readonly timers: { after(delayMs: number, run: () => void): () => void };
  readonly log: Logger;
}

/** Keeps the tables of the present state fresh: each refresh replaces them as a whole. */
export class StateTables {
  readonly #store: Pick<StoreClient, "replaceState">;
  readonly #sources: StateSources;
  #cancel: () => void = () => {};
  #refreshing: Promise<void> = Promise.resolve();
  #stopped = false;
  #failing = false;

  constructor(store: Pick<StoreClient, "replaceState">, sources: StateSources) {
    this.#store = store;
    this.#sources = sources;
  }

  start(): void {
    this.#refreshing = this.#refresh().then(() => {
      if (!this.#stopped) this.#cancel = this.#sources.timers.after(REFRESH_MS, () => this.start());
    });
  }

  /** Waits for a refresh under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#refreshing;
  }

  async #refresh(): Promise<void> {
    try {
      await this.#store.replaceState("processes", this.#sources.processes().map(processState));
      await this.#store.replaceState("collectors", this.#sources.collectors().map(collectorState));
      this.#failing = false;
    } catch (error) {
      // Said once: the next refresh is only seconds away.
      if (!this.#failing) this.#sources.log.warn("state_refresh_failed", { error: String(error) });
      this.#failing = true;
    }
  }
}

function processState(row: ProcessRow): StateRow<"processes"> {
  return {
    pid: row.pid,
    ppid: row.ppid,
    start_time: row.startTimeMs,
    name: row.name,
    executable: row.executable,
    command_line: row.commandLine,
    user: row.user,
    state: row.state,
    service: row.service,
    cgroup: row.cgroup,
    cpu_ratio: row.cpuRatio,
    rss_bytes: row.rssBytes,
    virtual_bytes: row.virtualBytes,
    pss_bytes: row.pssBytes,
    threads: row.threads,
    open_fds: row.openFds,
    fd_limit: row.fdLimit,
    read_bytes_per_second: row.readBytesPerSecond,
    write_bytes_per_second: row.writeBytesPerSecond,
    first_seen: row.firstSeenMs,
    last_seen: row.lastSeenMs,
    exited_at: row.exitedAtMs,
    container_id: row.containerId,
  };
}

function collectorState(row: CollectorRow): StateRow<"collectors"> {
  return {
    name: row.name,
    interval_ms: row.intervalMs,
    last_duration_ms: row.lastDurationMs,
    last_success: row.lastSuccessMs,
    successes: row.successes,
    failures: row.failures,
    timeouts: row.timeouts,
    skipped: row.skipped,
    last_error: row.lastError,
  };
}
