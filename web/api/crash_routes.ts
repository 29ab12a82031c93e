import { z } from "zod";
import { tarArchive } from "../../mod/archive/tar_archive.ts";
import type { CrashArchive, CrashBundle, CrashSummary } from "../../mod/crashes/crash.ts";
import { crashFiles } from "../../mod/crashes/crash_files.ts";
import { parseCrash } from "../../mod/crashes/parse_crash.ts";
import { gzip } from "../../mod/crashes/gzip.ts";
import { HorizonError } from "../../mod/errors.ts";
import type { Route } from "../route.ts";

const SummaryJson = z.strictObject({
  id: z.string(),
  ts: z.iso.datetime(),
  process_id: z.string(),
  pid: z.int(),
  name: z.string(),
  service: z.string().nullable(),
  cause: z.string(),
  exit_code: z.int().nullable(),
  signal: z.string().nullable(),
  message: z.string(),
  evidence: z.array(z.string()),
});

/** The answer of `/api/crashes`. */
export const CrashesJson = z.strictObject({
  crashes: z.array(SummaryJson).describe("Newest first."),
  bytes: z.number(),
  dropped: z.int().describe("Because of a limit, since Horizon started."),
  problem: z.string().nullable().describe("Why the last one could not be written to disk."),
});

const TableJson = z.strictObject({
  columns: z.array(z.string()),
  rows: z.array(z.array(z.unknown())),
  truncated: z.boolean(),
  problem: z.string().nullable(),
});

/** The answer of `/api/crashes/{id}`. */
export const CrashJson = SummaryJson.extend({
  process: z.record(z.string(), z.unknown()),
  limits: z.record(z.string(), z.unknown()),
  limit_shares: z.record(z.string(), z.number()),
  open_files: z.record(z.string(), z.string()),
  more_open_files: z.boolean(),
  last_sight: z.iso.datetime().nullable(),
  tables: z.record(z.string(), TableJson),
});

/** `GET /api/crashes`, one of them, and one as an archive. */
export function crashRoutes(crashes: Pick<CrashArchive, "list" | "get" | "stats">): Route[] {
  const shared = { method: "GET", role: "viewer", errors: "json" } as const;
  const bundleOf = async (id: string): Promise<CrashBundle> => {
    const content = crashes.get(id);
    if (content === null) {
      throw new HorizonError("not_found", "there is no such crash, or not any more", {
        id: id.slice(0, 64),
      });
    }
    return await parseCrash(content);
  };
  return [{
    ...shared,
    path: "/api/crashes",
    doc: {
      summary: "Crashes whose last minutes were kept",
      tag: "state",
      responses: {
        200: { description: "Crashes.", content: { "application/json": CrashesJson } },
      },
    },
    handler: (c) => {
      const { bytes, dropped, problem } = crashes.stats;
      const body: z.infer<typeof CrashesJson> = {
        crashes: crashes.list().map(summaryJson),
        bytes,
        dropped,
        problem,
      };
      return c.json(body);
    },
  }, {
    ...shared,
    path: "/api/crashes/:id",
    doc: {
      summary: "All that was kept of a crash",
      tag: "state",
      responses: { 200: { description: "A crash.", content: { "application/json": CrashJson } } },
    },
    handler: async (c) => {
      const { summary, tables, ...rest } = await bundleOf(c.req.param("id") ?? "");
      return c.json({
        ...summaryJson(summary),
        process: rest.process,
        limits: rest.limits,
        limit_shares: rest.limitShares,
        open_files: rest.openFiles,
        more_open_files: rest.moreOpenFiles,
        last_sight: rest.lastSightMs === null ? null : new Date(rest.lastSightMs).toISOString(),
        tables,
      });
    },
  }, {
    ...shared,
    path: "/api/crashes/:id/archive",
    doc: {
      summary: "A crash as a tar.gz archive",
      tag: "state",
      responses: { 200: { description: "Files.", content: { "application/gzip": "binary" } } },
    },
    handler: async (c) => {
      const bundle = await bundleOf(c.req.param("id") ?? "");
      return new Response(await gzip(tarArchive(crashFiles(bundle))), {
        headers: {
          "content-type": "application/gzip",
          "content-disposition": `attachment; filename="crash-${bundle.summary.id}.tar.gz"`,
        },
      });
    },
  }];
}

export function summaryJson(one: CrashSummary): z.infer<typeof SummaryJson> {
  return {
    id: one.id,
    ts: new Date(one.tsMs).toISOString(),
    process_id: one.processId,
    pid: one.pid,
    name: one.name,
    service: one.service,
    cause: one.cause,
    exit_code: one.exitCode,
    signal: one.signal,
    message: one.message,
    evidence: [...one.evidence],
  };
}
