import type { Clock } from "../../mod/clock.ts";
import type { CollectorLog } from "../collector.ts";
import type { Timers } from "../scheduler.ts";
import type { LogFilesStatus } from "../../mod/logs/log_file_status.ts";
import type { FileSource } from "./file_source.ts";
import type { LogStream } from "./log_stream.ts";
import { type LoadedPositions, NO_POSITIONS, type PositionsFile } from "./log_positions.ts";

export interface LogSourcesOptions {
  readonly files: FileSource;
  readonly streams: readonly LogStream[];
  /** What was kept so long ago is on disk. */
  readonly settleMs: number;
  /** Null: positions are not kept over a restart. */
  readonly positions: PositionsFile | null;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: CollectorLog;
}

/** How often it is written down where reading is. */
const SAVE_INTERVAL_MS = 250;

/** All log sources that Horizon reads by itself, and where reading them goes on after a restart. */
export class LogSources {
  readonly #options: LogSourcesOptions;
  #cancelSave: (() => void) | null = null;
  #saving: Promise<void> = Promise.resolve();
  #saved = "";
  #started = false;

  constructor(options: LogSourcesOptions) {
    this.#options = options;
  }

  get stats(): LogFilesStatus {
    return this.#options.files.stats;
  }

  /** Resolves when files that are there are being read. */
  async start(): Promise<void> {
    const { positions, files, streams } = this.#options;
    const loaded: LoadedPositions = positions === null ? { kind: "none" } : await positions.load();
    await files.start(loaded);
    const { cursors } = loaded.kind === "loaded" ? loaded.positions : NO_POSITIONS;
    for (const stream of streams) stream.start(cursors[stream.name] ?? null);
    this.#started = true;
    await this.#save(false);
    this.#saveLater();
  }

  /** Reads no more, waits for what is being stored, and writes down where reading was. */
  async stop(): Promise<void> {
    if (!this.#started) return;
    this.#started = false;
    this.#cancelSave?.();
    await this.#saving;
    const { files, streams } = this.#options;
    await Promise.all([files.stop(), ...streams.map((stream) => stream.stop())]);
    await this.#save(true);
    await files.close();
  }

  #saveLater(): void {
    this.#cancelSave = this.#options.timers.after(SAVE_INTERVAL_MS, () => {
      this.#saving = this.#save(false).finally(() => {
        if (this.#started) this.#saveLater();
      });
    });
  }

  async #save(final: boolean): Promise<void> {
    const { positions, files, streams, clock } = this.#options;
    if (positions === null) return;
    const settleMs = final ? 0 : this.#options.settleMs;
    const cursors = streams.flatMap((stream) => {
      const cursor = stream.cursor(clock.monotonicMs(), settleMs);
      return cursor === null ? [] : [[stream.name, cursor] as const];
    });
    const state = {
      ...NO_POSITIONS,
      files: files.positions(settleMs),
      cursors: Object.fromEntries(cursors),
    };
    const text = JSON.stringify(state);
    if (text === this.#saved) return;
    if (await positions.save({ ...state, savedAtMs: clock.nowMs() })) this.#saved = text;
  }
}
