import type { Signal } from "../../mod/columns/column.ts";
import type { OtlpSignal } from "../../mod/otlp/otlp_signal.ts";
import { type RunningHorizon, withHorizon } from "../support/running_horizon.ts";
import { within } from "../support/until.ts";
import { sendLoad } from "./http_load.ts";
import { logsBody, metricsBody, ROWS_PER_REQUEST, spansBody } from "./otlp_bodies.ts";
import type { Part } from "./part.ts";
import { cpuSeconds } from "./process_usage.ts";
import { type Figure, median } from "./report.ts";

/**
 * An answer waits until the rows are stored, and up to 100 ms for the rows of others; so many
 * requests under way fill a batch before that.
 */
const CONNECTIONS = 48;
const METRIC_SERIES = 10_000;
/** Code is compiled and buffers grow to their size before the measured time. */
const WARM_UP_SECONDS = 3;
/** A store that stands still is a failure to report, not to wait for. */
const ANSWERS_WITHIN_MS = 60_000;

interface Rate {
  readonly name: string;
  readonly signal: OtlpSignal;
  /** Rows that were sent, and what to count them by. */
  readonly table: Signal;
  readonly count: string;
  readonly target: number;
  readonly bodies: () => Uint8Array[];
}

const RATES: readonly Rate[] = [
  {
    name: "spans_per_second",
    signal: "traces",
    table: "spans",
    count: "SELECT count(*) FROM spans",
    target: 200_000,
    bodies: () => Array.from({ length: 8 }, () => spansBody()),
  },
  {
    name: "samples_per_second",
    signal: "metrics",
    table: "metrics",
    count: "SELECT count(*) FROM metrics WHERE name = 'requests'",
    target: 1_500_000,
    bodies: () =>
      Array.from(
        { length: METRIC_SERIES / ROWS_PER_REQUEST },
        (_, i) => metricsBody(i * ROWS_PER_REQUEST),
      ),
  },
  {
    name: "log_records_per_second",
    signal: "logs",
    table: "logs",
    count: "SELECT count(*) FROM logs",
    target: 400_000,
    bodies: () => Array.from({ length: 8 }, () => logsBody()),
  },
];

/**
 * Rows a second over HTTP into queryable state: answered 200, and afterwards counted by SQL. The
 * load comes from this process, which takes its share of the same cores.
 */
export const INGEST_PARTS: readonly Part[] = RATES.map((rate) => ({
  figures: [rate.name],
  run: async ({ program, seconds }) => {
    const figures: Figure[] = [];
    await withHorizon(async (horizon) => {
      const { otlpHttpUrl: url, pid } = horizon;
      const load = {
        url,
        signal: rate.signal,
        bodies: rate.bodies(),
        rowsPerBody: ROWS_PER_REQUEST,
        connections: CONNECTIONS,
      };
      const send = (forSeconds: number) =>
        within(
          "answers to the load",
          forSeconds * 1_000 + ANSWERS_WITHIN_MS,
          sendLoad({ ...load, seconds: forSeconds }),
        );
      const warm = await send(WARM_UP_SECONDS);
      const [usedBefore, ownBefore] = [cpuSeconds(pid), cpuSeconds(Deno.pid)];
      const sent = await send(seconds);
      if (sent.keptRows === 0) throw new Error(`nothing kept, ${sent.refused} requests refused`);
      const cores = (cpuSeconds(pid) - usedBefore) / sent.seconds;
      const ownCores = (cpuSeconds(Deno.pid) - ownBefore) / sent.seconds;
      const stored = await within(
        "counting by SQL",
        ANSWERS_WITHIN_MS,
        verified(horizon, rate, warm.keptRows + sent.keptRows),
      );
      figures.push({
        name: rate.name,
        unit: "1/s",
        value: sent.keptRows / sent.seconds,
        target: rate.target,
        better: "more",
        note: `${cores.toFixed(2)} cores used, ${ownCores.toFixed(2)} by the load; ` +
          `answered in ${median(sent.answerMs).toFixed(0)} ms (median), ` +
          `${sent.refused} requests refused; ${stored}`,
      });
    }, { program });
    return figures;
  },
}));

/**
 * Compares what was acknowledged with what is there or was evicted by the memory budget.
 * @throws {Error} when acknowledged rows are missing, or rows are there twice
 */
async function verified(horizon: RunningHorizon, rate: Rate, kept: number): Promise<string> {
  const [row] = await horizon.sql(rate.count);
  const rows = Number(row?.[0]);
  const response = await fetch(`${horizon.url}/api/storage`);
  const answer: {
    evicted: { signal: string; rows: number }[];
    signals: { signal: string; open_rows: number }[];
  } = await response.json();
  const evicted = answer.evicted
    .filter((one) => one.signal === rate.table)
    .reduce((sum, one) => sum + one.rows, 0);
  if (evicted === 0 ? rows !== kept : rows + evicted < kept) {
    throw new Error(`${kept} acknowledged, ${rows} there, ${evicted} gone`);
  }
  const open = answer.signals.find((one) => one.signal === rate.table)?.open_rows ?? 0;
  return `all ${kept} counted by SQL${evicted > 0 ? `, ${evicted} of them as evicted` : ""}` +
    `, ${open} not sealed yet`;
}
