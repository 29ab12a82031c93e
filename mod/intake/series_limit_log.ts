import type { Clock } from "../clock.ts";
import {
  type MetricSeries,
  REFUSAL_SETTINGS,
  SERIES_REFUSALS,
  type SeriesRefusal,
  type SeriesRefusals,
} from "../intern/series_refusals.ts";
import type { Logger } from "../log/logger.ts";

/** How often refusals are looked for, milliseconds. */
const LOOK_MS = 1_000;
/** A metric at a limit is logged once in this time. */
const QUIET_MS = 10 * 60_000;
/** Lines in that time; then one more says that there are further metrics. */
const MAX_LINES = 10;

export interface SeriesLimitLogDeps {
  readonly series: {
    readonly refusals: Pick<SeriesRefusals, "total" | "byMetric">;
    readonly limits: Readonly<Record<SeriesRefusal, number>>;
    largest(): readonly MetricSeries[];
  };
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly timers: { after(delayMs: number, run: () => void): () => void };
  readonly log: Logger;
}

/**
 * Tells the operator which metric has met a limit of series, which limit, and what raises it: one line
 * for a metric and limit in ten minutes, however much is refused, and a bounded number in all.
 */
export class SeriesLimitLog {
  readonly #deps: SeriesLimitLogDeps;
  #cancel: (() => void) | null = null;
  /** Refusals of all metrics at the last look. */
  #seen = 0;
  /** Refusals by metric and limit at the last look. */
  readonly #counted = new Map<string, number>();
  /** What was logged since `#sinceMs`. */
  readonly #told = new Set<string>();
  #sinceMs = -Infinity;
  #toldOfMore = false;

  constructor(deps: SeriesLimitLogDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#cancel = this.#deps.timers.after(LOOK_MS, () => {
      this.look();
      this.start();
    });
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  look(): void {
    const { series: { refusals }, clock } = this.#deps;
    if (refusals.total === this.#seen) return;
    this.#seen = refusals.total;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#sinceMs >= QUIET_MS) {
      this.#told.clear();
      this.#toldOfMore = false;
      this.#sinceMs = nowMs;
    }
    for (const [metric, counts] of refusals.byMetric()) {
      for (const reason of SERIES_REFUSALS) {
        const key = `${reason} ${metric}`;
        const fresh = counts[reason] - (this.#counted.get(key) ?? 0);
        if (fresh === 0) continue;
        this.#counted.set(key, counts[reason]);
        if (!this.#told.has(key)) this.#tell(key, metric, reason, fresh);
      }
    }
  }

  #tell(key: string, metric: string, reason: SeriesRefusal, refused: number): void {
    const { series, log } = this.#deps;
    if (this.#told.size >= MAX_LINES) {
      if (!this.#toldOfMore) log.warn("series_refused_more", { see: "/api/storage" });
      this.#toldOfMore = true;
      return;
    }
    this.#told.add(key);
    log.warn("series_refused", {
      metric,
      refused,
      limit: series.limits[reason],
      setting: REFUSAL_SETTINGS[reason],
      ...reason === "max_series_per_metric" ? {} : { most_series: series.largest() },
    });
  }
}
