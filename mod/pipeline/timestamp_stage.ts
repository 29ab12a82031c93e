import type { Clock } from "../clock.ts";
import type { ColumnBatch } from "../columns/column.ts";
import { rowsMarked, selectRows } from "../columns/select_rows.ts";
import type { TimePolicy, TimestampsConfig } from "../config/timestamps_config.ts";
import { assert } from "../errors.ts";
import { columnOf, withColumns } from "./batch_columns.ts";
import type { Ledger } from "./ledger.ts";
import type { Stage } from "./stage.ts";

/** Names in the books; no processor may have them. */
export const FUTURE = "timestamps-future";
export const PAST = "timestamps-past";

/** One end of what is taken as it is: rows beyond it are too far ahead, or too old. */
interface End {
  readonly processor: string;
  readonly policy: TimePolicy;
  readonly isBeyond: (tsUs: number) => boolean;
}

/**
 * Drops rows whose time is too far ahead or too old, or gives them the present time. Batches within the
 * range, which are almost all, are recognised by their first and last time.
 */
export function timestampStage(config: TimestampsConfig, clock: Pick<Clock, "nowMs">): Stage {
  return {
    apply: (batch, ledger) => {
      // Horizon's own events have the time of this host.
      if (batch.signal === "events") return batch;
      const nowUs = Math.floor(clock.nowMs() * 1_000);
      const [maxUs, minUs] = [nowUs + config.max_future_ms * 1e3, nowUs - config.max_past_ms * 1e3];
      const future = {
        processor: FUTURE,
        policy: config.future,
        isBeyond: (t: number) => t > maxUs,
      };
      const past = { processor: PAST, policy: config.past, isBeyond: (t: number) => t < minUs };
      let out = batch;
      if (out.maxTsUs > maxUs) out = treated(out, future, nowUs, ledger);
      if (out.minTsUs < minUs) out = treated(out, past, nowUs, ledger);
      return out;
    },
  };
}

function treated(batch: ColumnBatch, end: End, nowUs: number, ledger: Ledger): ColumnBatch {
  if (end.policy === "keep") return batch;
  const column = columnOf(batch, "ts");
  assert(column.type === "timestamp_us", "ts is a time");
  const marks = Uint8Array.from(column.data, (ts) => end.isBeyond(Number(ts)) ? 1 : 0);
  const beyond = rowsMarked(marks, 1);
  if (beyond.length === 0) return batch;
  if (end.policy === "drop") {
    ledger.drop(end.processor, batch.signal, beyond.length);
    return selectRows(batch, rowsMarked(marks, 0));
  }
  ledger.change(end.processor, batch.signal, beyond.length);
  const data = column.data.slice();
  let [minTsUs, maxTsUs] = [Infinity, -Infinity];
  for (let row = 0; row < data.length; row++) {
    if (marks[row] === 1) data[row] = BigInt(nowUs);
    const tsUs = Number(data[row]);
    minTsUs = Math.min(minTsUs, tsUs);
    maxTsUs = Math.max(maxTsUs, tsUs);
  }
  return { ...withColumns(batch, [["ts", { ...column, data }]]), minTsUs, maxTsUs };
}
