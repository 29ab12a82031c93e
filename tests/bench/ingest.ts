import type { OtlpSignal } from "../../mod/otlp/otlp_signal.ts";
import { withHorizon } from "../support/running_horizon.ts";
import { logsBody, metricsBody, ROWS_PER_REQUEST, spansBody } from "./otlp_bodies.ts";
import { cpuSeconds } from "./process_usage.ts";
import type { Figure } from "./report.ts";

/** Requests under way at a time. */
const CONNECTIONS = 8;
const METRIC_SERIES = 10_000;

const PARTS: readonly {
  readonly signal: OtlpSignal;
  readonly name: string;
  readonly view: string;
  readonly target: number;
  readonly bodies: () => Uint8Array<ArrayBuffer>[];
}[] = [
  {
    signal: "traces",
    name: "spans_per_second",
    view: "spans",
    target: 200_000,
    bodies: () => Array.from({ length: 8 }, () => owned(spansBody())),
  },
  {
    signal: "metrics",
    name: "samples_per_second",
    view: "metrics",
    target: 1_500_000,
    bodies: () =>
      Array.from(
        { length: METRIC_SERIES / ROWS_PER_REQUEST },
        (_, i) => owned(metricsBody(i * ROWS_PER_REQUEST)),
      ),
  },
  {
    signal: "logs",
    name: "log_records_per_second",
    view: "logs",
    target: 400_000,
    bodies: () => Array.from({ length: 8 }, () => owned(logsBody())),
  },
];

const owned = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => Uint8Array.from(bytes);

/**
 * Rows a second over HTTP into queryable state: answered 200, then counted by SQL. The load
 * comes from this process, which takes its share of the same cores.
 */
export async function ingestRates(seconds: number): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const { signal, name, view, target, bodies } of PARTS) {
    const sent = bodies();
    await withHorizon(async ({ otlpHttpUrl, pid, sql }) => {
      const url = `${otlpHttpUrl}/v1/${signal}`;
      await post(url, sent, 1, () => true);
      const cpuBefore = cpuSeconds(pid);
      const startedMs = performance.now();
      const endsMs = startedMs + seconds * 1_000;
      const { kept, refused } = await post(
        url,
        sent,
        CONNECTIONS,
        () => performance.now() >= endsMs,
      );
      const took = (performance.now() - startedMs) / 1_000;
      const cores = (cpuSeconds(pid) - cpuBefore) / took;
      const bench = signal === "metrics" ? " WHERE name = 'requests'" : "";
      const [row] = await sql(`SELECT count(*) FROM ${view}${bench}`);
      const evicted = Number(row?.[0]) < kept * ROWS_PER_REQUEST;
      figures.push({
        name,
        unit: "1/s",
        value: kept * ROWS_PER_REQUEST / took,
        target,
        better: "more",
        note: `${cores.toFixed(2)} cores; ${refused} requests refused with a retry` +
          (evicted ? "; the oldest were evicted by the memory budget" : ""),
      });
    });
  }
  return figures;
}

/** Posts bodies in turn over several connections until `done`; bodies that were answered 200. */
async function post(
  url: string,
  bodies: readonly Uint8Array<ArrayBuffer>[],
  connections: number,
  done: () => boolean,
): Promise<{ kept: number; refused: number }> {
  const counts = { kept: 0, refused: 0 };
  let next = 0;
  const headers = { "content-type": "application/x-protobuf" };
  const send = async () => {
    do {
      const body = bodies[next++ % bodies.length]!;
      const response = await fetch(url, { method: "POST", headers, body });
      await response.body?.cancel();
      if (response.status === 200) counts.kept++;
      else if (response.status === 429) {
        counts.refused++;
        await new Promise((resolve) => setTimeout(resolve, 100));
      } else throw new Error(`${url} answered ${response.status}`);
    } while (!done());
  };
  await Promise.all(Array.from({ length: connections }, send));
  return counts;
}

/** Share of one core, in percent, at a paced 10,000 spans a second. */
export async function costAtTenThousandSpans(seconds: number): Promise<Figure[]> {
  const bodies = Array.from({ length: 8 }, () => owned(spansBody()));
  const figures: Figure[] = [];
  await withHorizon(async ({ otlpHttpUrl, pid }) => {
    const everyMs = ROWS_PER_REQUEST / 10_000 * 1_000;
    const before = cpuSeconds(pid);
    const startedMs = performance.now();
    for (let i = 0; performance.now() - startedMs < seconds * 1_000; i++) {
      await post(`${otlpHttpUrl}/v1/traces`, [bodies[i % bodies.length]!], 1, () => true);
      const waitMs = startedMs + (i + 1) * everyMs - performance.now();
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
    const took = (performance.now() - startedMs) / 1_000;
    figures.push({
      name: "cpu_at_10000_spans_per_second",
      unit: "% of a core",
      value: (cpuSeconds(pid) - before) / took * 100,
      target: 15,
      better: "less",
    });
  });
  return figures;
}
