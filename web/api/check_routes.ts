import { z } from "zod";
import { HorizonError } from "../../mod/errors.ts";
import {
  type Aggregate,
  CHECK_KINDS,
  type CheckResult,
  type CheckStatus,
  type HealthReport,
} from "../../mod/health/check_status.ts";
import { CHECK_ROLES, HEALTH_STATES } from "../../mod/health/health_state.ts";
import type { Route } from "../route.ts";
import type { CheckSource } from "../sources.ts";
import { isoOrNull } from "./timestamps.ts";

const State = z.enum(HEALTH_STATES);
const Time = z.iso.datetime();

const AggregateJson = z.strictObject({
  state: State,
  reasons: z.array(z.string()).describe("Why it is not healthy, worst first."),
});

/** How one check is doing: the answer of `/api/health/{check}/run`. */
export const CheckJson = z.strictObject({
  name: z.string(),
  service: z.string().nullable().describe("Null: it speaks for the host."),
  role: z.enum(CHECK_ROLES),
  kind: z.enum(CHECK_KINDS),
  state: State,
  since: Time.nullable(),
  flapping: z.boolean(),
  reason: z.string(),
  interval_ms: z.number(),
  timeout_ms: z.number(),
  running: z.boolean(),
  runs: z.int(),
  timeouts: z.int(),
  skipped: z.int().describe("Runs left out because the one before had not ended."),
  last: z.strictObject({
    ts: Time,
    state: State,
    latency_ms: z.number(),
    message: z.string(),
    output: z.string().nullable(),
  }).nullable(),
  recent: z.array(z.strictObject({ ts: Time, state: State, latency_ms: z.number() }))
    .describe("The newest results, oldest first."),
  changes: z.array(z.strictObject({ ts: Time, from: State, to: State, message: z.string() }))
    .describe("The newest changes of state, oldest first."),
});

/** The answer of `/api/health`. */
export const ChecksJson = z.strictObject({
  ts: Time,
  host: AggregateJson,
  services: z.array(AggregateJson.extend({ service: z.string(), checks: z.array(z.string()) })),
  checks: z.array(CheckJson),
});

/**
 * `GET /api/health`: every check, what they amount to per service and for the host, and why.
 * `POST /api/health/{check}/run`: runs one now.
 */
export function checkRoutes(checks: CheckSource): Route[] {
  return [
    {
      method: "GET",
      path: "/api/health",
      role: "viewer",
      errors: "json",
      doc: {
        summary: "How what is watched is doing, and why",
        tag: "health",
        responses: {
          200: { description: "Checks.", content: { "application/json": ChecksJson } },
        },
      },
      handler: (c) => c.json(reportJson(checks.report())),
    },
    {
      method: "POST",
      path: "/api/health/:check/run",
      role: "operator",
      errors: "json",
      doc: {
        summary: "Run one check now",
        description: "Answers once it has run. While it runs anyway, that run is waited for.",
        tag: "health",
        responses: {
          200: { description: "How it is doing.", content: { "application/json": CheckJson } },
        },
      },
      handler: async (c) => {
        const name = c.req.param("check") ?? "";
        const status = await checks.run(name);
        if (status === null) {
          throw new HorizonError("not_found", "there is no check of this name", {
            check: name.slice(0, 64),
          });
        }
        return c.json(checkJson(status));
      },
    },
  ];
}

function reportJson({ atMs, host, services, checks }: HealthReport): z.infer<typeof ChecksJson> {
  return {
    ts: new Date(atMs).toISOString(),
    host: aggregateJson(host),
    services: services.map((one) => ({
      service: one.service,
      checks: [...one.checks],
      ...aggregateJson(one),
    })),
    checks: checks.map(checkJson),
  };
}

function aggregateJson({ state, reasons }: Aggregate): z.infer<typeof AggregateJson> {
  return { state, reasons: [...reasons] };
}

function checkJson(check: CheckStatus): z.infer<typeof CheckJson> {
  return {
    name: check.name,
    service: check.service,
    role: check.role,
    kind: check.kind,
    state: check.state,
    since: isoOrNull(check.sinceMs),
    flapping: check.flapping,
    reason: check.reason,
    interval_ms: check.intervalMs,
    timeout_ms: check.timeoutMs,
    running: check.running,
    runs: check.runs,
    timeouts: check.timeouts,
    skipped: check.skipped,
    last: check.last === null
      ? null
      : { ...pointJson(check.last), message: check.last.message, output: check.last.output },
    recent: check.recent.map(pointJson),
    changes: check.changes.map(({ atMs, from, to, message }) => ({
      ts: new Date(atMs).toISOString(),
      from,
      to,
      message,
    })),
  };
}

function pointJson({ atMs, state, latencyMs }: CheckResult) {
  return { ts: new Date(atMs).toISOString(), state, latency_ms: latencyMs };
}
