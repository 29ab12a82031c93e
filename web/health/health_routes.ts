import { z } from "zod";
import type { AppContext, Bodies, Route, RouteDoc } from "../route.ts";
import type { HealthChecks, HealthReport } from "./health_checks.ts";

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

/**
 * `/livez`: the event loop turns. `/startupz`: the start is over. `/readyz`: it can take and
 * answer requests, 503 while starting, draining, or when a check fails. These three tell a
 * status only, and need no token. `/healthz` tells every check, to a viewer.
 */
export function healthRoutes({ health, lifecycle }: HealthDeps): Route[] {
  return [
    probe("/livez", "Is the process alive", () => ({ ok: true, status: "ok" })),
    probe("/startupz", "Is the start over", () => {
      const starting = lifecycle() === "starting";
      return { ok: !starting, status: starting ? "starting" : "ok" };
    }),
    probe("/readyz", "Can it take and answer requests", async () => {
      const now = lifecycle();
      if (now !== "ready") return { ok: false, status: now };
      const { status } = await health.report();
      return { ok: status !== "failing", status };
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
}

function probe(path: string, summary: string, look: () => Probe | Promise<Probe>): Route {
  return {
    method: "GET",
    path,
    role: "public",
    errors: "json",
    doc: doc(summary, { "application/json": ProbeJson }),
    handler: async (c) => {
      const { ok, status } = await look();
      return c.json({ status }, ok ? 200 : 503);
    },
  };
}

function doc(summary: string, content: Bodies): RouteDoc {
  return {
    summary,
    tag: "health",
    responses: { 200: { description: "Yes.", content }, 503: { description: "No.", content } },
  };
}
