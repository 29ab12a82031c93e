import { z } from "zod";
import type { AppContext, Bodies, Route, RouteDoc } from "../route.ts";
import { HorizonError } from "../../mod/errors.ts";
import {
  type CheckedHealth,
  type HealthChecks,
  type HealthReport,
  worst,
} from "./health_checks.ts";

/** Where Horizon is in its life. */
export type Lifecycle = "starting" | "ready" | "draining";

export interface HealthDeps {
  readonly health: HealthChecks;
  readonly lifecycle: () => Lifecycle;
}

const Status = z.enum(["ok", "degraded", "failing"]);
/** The answer of the probes. */
export const ProbeJson = z.strictObject({
  status: z.enum(["ok", "degraded", "failing", "starting", "draining"]),
});
/** The answer of `/healthz`. */
export const HealthJson = z.strictObject({
  status: Status,
  lifecycle: z.enum(["starting", "ready", "draining"]),
  checks: z.array(z.strictObject({ name: z.string(), status: Status, message: z.string() })),
});

const ProbeQuery = z.strictObject({
  verbose: z.string().optional().describe("A line of text for each check, without its message."),
  exclude: z.string().max(200).optional().describe("Names of checks, with commas, not looked at."),
});

/**
 * `/livez`: the event loop turns. `/startupz`: the start is over. `/readyz`: it can take and
 * answer requests, 503 while starting, draining, or when a check fails; `/readyz/{check}`: one
 * check alone. These tell statuses only, and need no token; with `?verbose` the status of each
 * check, in the lines of Kubernetes. `/healthz` tells every check with its message, to a viewer.
 */
export function healthRoutes({ health, lifecycle }: HealthDeps): Route[] {
  return [
    probe("/livez", "Is the process alive", () => ({ ok: true, status: "ok", checks: [] })),
    probe("/startupz", "Is the start over", () => {
      const starting = lifecycle() === "starting";
      return { ok: !starting, status: starting ? "starting" : "ok", checks: [] };
    }),
    probe("/readyz", "Can it take and answer requests", async (c) => {
      const now = lifecycle();
      if (now !== "ready") return { ok: false, status: now, checks: [] };
      const asked = ProbeQuery.safeParse(c.req.query());
      const excluded = asked.success ? asked.data.exclude?.split(",") ?? [] : [];
      const { checks } = await health.report();
      const counted = checks.filter(({ name }) => !excluded.includes(name));
      const status = worst(counted);
      return { ok: status !== "failing", status, checks: counted };
    }),
    probe("/readyz/:check", "Is one check well", async (c) => {
      const name = c.req.param("check") ?? "";
      const { checks } = await health.report();
      const found = checks.find((check) => check.name === name);
      if (found === undefined) {
        throw new HorizonError("not_found", "there is no check of this name", {
          checks: checks.map((check) => check.name),
        });
      }
      return { ok: found.status !== "failing", status: found.status, checks: [found] };
    }),
    {
      method: "GET",
      path: "/healthz",
      role: "viewer",
      errors: "json",
      doc: doc("Every check of Horizon about itself", { "application/json": HealthJson }),
      handler: async (c) => healthAnswer(c, await health.report(), lifecycle()),
    },
  ];
}

function healthAnswer(c: AppContext, report: HealthReport, lifecycle: Lifecycle): Response {
  const body: z.infer<typeof HealthJson> = {
    status: report.status,
    lifecycle,
    checks: report.checks.map(({ name, status, message }) => ({ name, status, message })),
  };
  return c.json(body, report.status === "failing" ? 503 : 200);
}

interface Probe {
  readonly ok: boolean;
  readonly status: z.infer<typeof ProbeJson>["status"];
  /** What it was made of. */
  readonly checks: readonly Pick<CheckedHealth, "name" | "status">[];
}

function probe(
  path: string,
  summary: string,
  look: (c: AppContext) => Probe | Promise<Probe>,
): Route {
  return {
    method: "GET",
    path,
    role: "public",
    errors: "json",
    doc: { ...doc(summary, PROBE_BODIES), query: ProbeQuery },
    handler: async (c) => {
      const found = await look(c);
      const status = found.ok ? 200 : 503;
      if (c.req.query("verbose") === undefined) return c.json({ status: found.status }, status);
      return c.text(verboseText(path.slice(1).split("/")[0] ?? "", found), status);
    },
  };
}

const PROBE_BODIES: Bodies = { "application/json": ProbeJson, "text/plain": "text" };

/** The lines that Kubernetes's own probes answer; messages may hold paths and stay here. */
function verboseText(name: string, { ok, status, checks }: Probe): string {
  const lines = checks.map((check) =>
    `[${check.status === "failing" ? "-" : "+"}]${check.name} ${check.status}`
  );
  return [...lines, `${name} check ${ok ? "passed" : "failed"}: ${status}`, ""].join("\n");
}

function doc(summary: string, content: Bodies): RouteDoc {
  return {
    summary,
    tag: "health",
    responses: { 200: { description: "Yes.", content }, 503: { description: "No.", content } },
  };
}
