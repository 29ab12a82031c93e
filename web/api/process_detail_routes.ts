import { z } from "zod";
import type { CrashArchive, CrashSummary } from "../../mod/crashes/crash.ts";
import { crashesOfProcess } from "../../mod/crashes/crashes_of_process.ts";
import { HorizonError } from "../../mod/errors.ts";
import type { QueryFn, SqlValue } from "../../mod/ports.ts";
import type { ProcessDetail } from "../../mod/processes/process_detail.ts";
import { parseProcessId, START_TIME_TOLERANCE_MS } from "../../mod/processes/process_identity.ts";
import type { AppContext, Route } from "../route.ts";
import { summaryJson } from "./crash_routes.ts";
import { ProcessJson, processJson } from "./process_routes.ts";

/** Rows of a process's history in one answer. */
const MAX_EVENTS = 200;
const MAX_RUNS = 20;

const Row = z.record(z.string(), z.unknown());

/** The answer of `/api/processes/{id}`. */
export const ProcessDetailJson = z.strictObject({
  process: ProcessJson.nullable().describe("Null once it has ended."),
  ended: Row.nullable().describe("Its row of the view `processes` once it has ended."),
  ancestors: z.array(z.strictObject({ id: z.string(), pid: z.int(), name: z.string() }))
    .describe("Its parent first."),
  limits: z.record(
    z.string(),
    z.strictObject({
      soft: z.number().nullable().describe("Null: unlimited."),
      hard: z.number().nullable(),
      unit: z.string(),
      used_ratio: z.number().nullable().describe("Share of the soft limit in use."),
    }),
  ),
  open_files: z.record(z.string(), z.string()),
  more_open_files: z.boolean(),
  events: z.array(Row).describe(
    "Rows of `process_events`, newest first; `crash_id` names what was kept of that end, if anything.",
  ),
  runs: z.array(Row).describe(
    "The last processes of the same program and service that ended, with their `crash_id`.",
  ),
  crashes: z.array(z.unknown()).describe("As `/api/crashes` has them."),
});

export interface ProcessDetailDeps {
  readonly processDetail: (pid: number, startTimeMs: number) => ProcessDetail | null;
  readonly crashes: Pick<CrashArchive, "list">;
  readonly query: QueryFn;
}

const SAME = `pid = $1::INTEGER
  AND abs(epoch_ms(start_time) - $2::BIGINT) <= ${START_TIME_TOLERANCE_MS}`;
const ENDED = `SELECT * FROM processes WHERE ${SAME} AND exited_at IS NOT NULL
  ORDER BY exited_at DESC LIMIT 1`;
const EVENTS = `SELECT ts, event, severity, message, value, cause, exit_code, signal, evidence
  FROM process_events WHERE ${SAME} ORDER BY ts DESC LIMIT ${MAX_EVENTS}`;
const RUNS = `SELECT id, pid, name, start_time, exited_at, cause, exit_code, signal, rss_bytes
  FROM processes WHERE exited_at IS NOT NULL AND executable IS NOT DISTINCT FROM $1
    AND service IS NOT DISTINCT FROM $2 AND name = $3 ORDER BY exited_at DESC LIMIT ${MAX_RUNS}`;

/** `GET /api/processes/{id}`: one process, that runs or ran. */
export function processDetailRoutes(deps: ProcessDetailDeps): Route[] {
  return [{
    method: "GET",
    path: "/api/processes/:id",
    role: "viewer",
    errors: "json",
    doc: {
      summary: "One process: what it is, its limits, what happened to it",
      tag: "state",
      responses: {
        200: { description: "A process.", content: { "application/json": ProcessDetailJson } },
      },
    },
    handler: (c) => answer(c, deps),
  }];
}

async function answer(c: AppContext, deps: ProcessDetailDeps): Promise<Response> {
  const id = c.req.param("id") ?? "";
  const parts = parseProcessId(id);
  if (parts === null) {
    throw new HorizonError("invalid_argument", "this is no id of a process", {
      allowed:
        "PID-START, the start in milliseconds since the Unix epoch, as /api/processes has it",
    });
  }
  const { signal } = c.req.raw;
  const ask = async (sql: string, params: readonly (string | number | null)[]) => {
    const result = await deps.query({ sql, params, signal });
    const names = result.columns.map(({ name }) => name);
    return [...result.rows()].map((row): Readonly<Record<string, SqlValue>> =>
      Object.fromEntries(names.map((name, i) => [name, row[i] ?? null]))
    );
  };
  const same = [parts.pid, parts.startTimeMs];
  const live = deps.processDetail(parts.pid, parts.startTimeMs);
  const ended = live === null ? (await ask(ENDED, same))[0] ?? null : null;
  if (live === null && ended === null) {
    throw new HorizonError("not_found", "there is no such process, and none is remembered", { id });
  }
  const text = (key: string): string | null => typeof ended?.[key] === "string" ? ended[key] : null;
  const program = live === null
    ? [text("executable"), text("service"), text("name")]
    : [live.row.executable, live.row.service, live.row.name];
  const limits = Object.entries(live?.limits ?? {}).map(([name, limit]) =>
    [name, { ...limit, used_ratio: live?.limitShares[name] ?? null }] as const
  );
  const kept = deps.crashes.list();
  const crashes = crashesOfProcess(kept, parts.pid, parts.startTimeMs);
  const events = await ask(EVENTS, same);
  const runs = await ask(RUNS, program);
  const body: z.infer<typeof ProcessDetailJson> = {
    process: live === null ? null : processJson(live.row),
    ended,
    ancestors: (live?.ancestors ?? []).map(processJson)
      .map(({ id, pid, name }) => ({ id, pid, name })),
    limits: Object.fromEntries(limits),
    open_files: { ...live?.openFiles },
    more_open_files: live?.moreOpenFiles ?? false,
    events: events.map((event) => ({
      ...event,
      crash_id: event["event"] === "exit" ? crashes[0]?.id ?? null : null,
    })),
    runs: runs.map((run) => ({ ...run, crash_id: crashIdOf(kept, run) })),
    crashes: crashes.map(summaryJson),
  };
  return c.json(body);
}

/** Of a row of the view `processes`. */
function crashIdOf(
  kept: readonly CrashSummary[],
  run: Readonly<Record<string, SqlValue>>,
): string | null {
  const startMs = Date.parse(String(run["start_time"]));
  return crashesOfProcess(kept, Number(run["pid"]), startMs)[0]?.id ?? null;
}
