import { pushLog, pushSpan, type StoreFixture, withStore } from "../support/store_fixture.ts";
import { BENCH_BUDGET, previousHourUs, timed, untilSealed } from "./bench_store.ts";
import type { Part } from "./part.ts";
import { type Figure, median } from "./report.ts";

const RECORDS = 5_000_000;
const QUICK_RECORDS = 300_000;
const SPANS_PER_TRACE = 8;
const APPEND_ROWS = 50_000;
/** Records are spread over the hour, so that none lies in the next. */
const HOUR_US = 3_600_000_000;
const RUNS = 9;

/** One trace among many spans. */
export const TRACE_BY_ID: Part = {
  figures: ["trace_by_id"],
  run: ({ quick }) =>
    measured(async (fixture) => {
      const count = quick ? QUICK_RECORDS : RECORDS;
      await fillSpans(fixture, count);
      await untilSealed(fixture);
      const { rows, text } = await kept(fixture, "spans");
      // Among the newest half, should the budget have evicted the oldest.
      const id = traceId(Math.floor(count * 3 / 4 / SPANS_PER_TRACE));
      const sql = `SELECT * FROM spans WHERE trace_id = '${id}' ORDER BY ts`;
      const times = await timed(fixture, sql, { runs: RUNS, rows: SPANS_PER_TRACE });
      return {
        name: "trace_by_id",
        unit: "ms",
        value: median(times),
        target: 50,
        better: "less",
        comparable: rows >= RECORDS,
        note: `one trace of ${SPANS_PER_TRACE} spans, all columns; ${text}`,
      };
    }),
};

/** A text that a few lines hold, searched in all of them. */
export const LOG_SEARCH: Part = {
  figures: ["log_substring_search"],
  run: ({ quick }) =>
    measured(async (fixture) => {
      await fillLogs(fixture, quick ? QUICK_RECORDS : RECORDS);
      await untilSealed(fixture);
      const { rows, text } = await kept(fixture, "logs");
      const sql = "SELECT count(*) FROM logs WHERE contains(body, 'user u4242 ')";
      const times = await timed(fixture, sql, { runs: RUNS, rows: 1 });
      const [found] = await fixture.rows(sql);
      return {
        name: "log_substring_search",
        unit: "ms",
        value: median(times),
        target: 1_000,
        better: "less",
        comparable: rows >= RECORDS,
        note: `${Number(found?.[0])} lines hold it; ${text}`,
      };
    }),
};

async function measured(run: (fixture: StoreFixture) => Promise<Figure>): Promise<Figure[]> {
  const figures: Figure[] = [];
  await withStore(async (fixture) => {
    figures.push(await run(fixture));
  }, BENCH_BUDGET);
  return figures;
}

/** How many rows the budget has left, and what they take. */
async function kept(
  { store }: StoreFixture,
  signal: "spans" | "logs",
): Promise<{ rows: number; text: string }> {
  const { bytes, signals } = await store.stats();
  const rows = signals.find((one) => one.signal === signal)?.rows ?? 0;
  return { rows, text: `among ${rows} ${signal}, sealed, ${(bytes / rows).toFixed(0)} bytes each` };
}

/** Ids look random and can be found again. */
function traceId(trace: number): string {
  const word = (salt: number) =>
    (Math.imul(trace + salt, 0x9e3779b1) >>> 0).toString(16).padStart(8, "0");
  return word(0) + word(1) + word(2) + word(3);
}

async function fillSpans({ registries, intake }: StoreFixture, count: number): Promise<void> {
  const startUs = previousHourUs();
  for (let i = 0; i < count; i++) {
    pushSpan(intake.builders.spans, registries, {
      traceId: traceId(Math.floor(i / SPANS_PER_TRACE)),
      spanId: i.toString(16).padStart(16, "0"),
      name: `GET /api/cart/${i % 20}`,
      tsUs: startUs + Math.floor(i / count * HOUR_US),
      attributes: {
        "http.request.method": "GET",
        "http.response.status_code": "200",
        "http.route": "/api/cart/{id}",
        "server.address": "shop.example.com",
        "user.id": `user-${i * 7919 % 100_000}`,
        "cache.hit": String(i % 2 === 0),
      },
    });
    if (i % APPEND_ROWS === APPEND_ROWS - 1) await intake.commit();
  }
  await intake.commit();
}

async function fillLogs({ registries, intake }: StoreFixture, count: number): Promise<void> {
  const startUs = previousHourUs();
  for (let i = 0; i < count; i++) {
    const body = `request ${i} of user u${i * 7919 % 100_003} was served from the cache in ` +
      `${i % 97} ms by the instance shop-${i % 20} in zone north-${i % 3}`;
    const tsUs = startUs + Math.floor(i / count * HOUR_US);
    pushLog(intake.builders.logs, registries, { tsUs, body: body.padEnd(120, ".") });
    if (i % APPEND_ROWS === APPEND_ROWS - 1) await intake.commit();
  }
  await intake.commit();
}
