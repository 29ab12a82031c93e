import { z } from "zod";
import { count, duration, size } from "./scalars.ts";

/** `ingest`: how telemetry waits before it is stored. */
export interface IngestConfig {
  readonly max_pending_bytes: number;
  readonly flush_interval_ms: number;
  readonly max_batch_rows: number;
}

/** As they are written in the file. */
export const INGEST_DEFAULTS = {
  max_pending_bytes: "64MiB",
  flush_interval: "100ms",
  max_batch_rows: 65_536,
} as const;

export const IngestSection: z.ZodType<IngestConfig> = z
  .strictObject({
    max_pending_bytes: size("1MiB", "1GiB").prefault(INGEST_DEFAULTS.max_pending_bytes)
      .describe("Telemetry admitted and not yet stored; past it senders are told to come back."),
    flush_interval: duration("1ms", "10s").prefault(INGEST_DEFAULTS.flush_interval)
      .describe("How long rows wait for company before they are stored."),
    max_batch_rows: count(1, 1_000_000).prefault(INGEST_DEFAULTS.max_batch_rows)
      .describe("A batch of this many rows is stored at once."),
  })
  .transform(({ flush_interval, ...rest }): IngestConfig => ({
    ...rest,
    flush_interval_ms: flush_interval,
  }))
  .describe("How telemetry waits before it is stored.");
