import { z } from "zod";
import type { Clock } from "../../mod/clock.ts";
import type { Route } from "../route.ts";
import type { BuildFacts, CollectorStatus, SelfUsage } from "../sources.ts";
import type { Lifecycle } from "../health/health_routes.ts";

export interface InfoDeps {
  readonly facts: BuildFacts;
  readonly clock: Clock;
  readonly usage: () => SelfUsage;
  readonly lifecycle: () => Lifecycle;
  readonly collectors: () => readonly CollectorStatus[];
}

/** The answer of `/api/info`. */
export const InfoJson = z.strictObject({
  version: z.string(),
  build: z.string(),
  hostname: z.string(),
  pid: z.int(),
  started_at: z.iso.datetime(),
  uptime_s: z.number(),
  lifecycle: z.enum(["starting", "ready", "draining"]),
  rss_bytes: z.int(),
  heap_used_bytes: z.int(),
  cpu_seconds: z.number(),
  collectors: z.array(z.string()),
  principal: z.strictObject({ name: z.string(), role: z.string() }),
});

/** `GET /api/info`: what runs here, since when, and what it costs. */
export function infoRoutes({ facts, clock, usage, lifecycle, collectors }: InfoDeps): Route[] {
  return [{
    method: "GET",
    path: "/api/info",
    role: "viewer",
    errors: "json",
    doc: {
      summary: "What runs here, since when, and what it costs",
      tag: "state",
      responses: { 200: { description: "Facts.", content: { "application/json": InfoJson } } },
    },
    handler: (c) => {
      const used = usage();
      const body: z.infer<typeof InfoJson> = {
        version: facts.version,
        build: facts.build,
        hostname: facts.hostname,
        pid: facts.pid,
        started_at: new Date(facts.startedAtMs).toISOString(),
        uptime_s: Math.max(0, (clock.nowMs() - facts.startedAtMs) / 1000),
        lifecycle: lifecycle(),
        rss_bytes: used.rssBytes,
        heap_used_bytes: used.heapUsedBytes,
        cpu_seconds: used.cpuUserSeconds + used.cpuSystemSeconds,
        collectors: collectors().map(({ name }) => name),
        principal: { ...c.get("principal") },
      };
      return c.json(body);
    },
  }];
}
