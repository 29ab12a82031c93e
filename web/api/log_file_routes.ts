import { z } from "zod";
import type { LogFilesStatus } from "../../mod/logs/log_file_status.ts";
import type { Route } from "../route.ts";

/** The answer of `/api/log-files`. */
export const LogFilesJson = z.strictObject({
  files: z.array(z.strictObject({
    path: z.string(),
    size: z.number(),
    offset: z.number(),
    lag_bytes: z.number(),
    records: z.number(),
    repeated: z.number(),
    truncations: z.number(),
    split_lines: z.number(),
    cut_groups: z.number(),
    repaired_lines: z.number(),
    misfits: z.number(),
    service: z.string(),
    pid: z.number().nullable(),
    rotated: z.boolean(),
  })),
  rotations: z.number(),
  lost_files: z.number(),
  left_out: z.number(),
});

/** `GET /api/log-files`: how far each log file is read, and what was odd in it. */
export function logFileRoutes(logFiles: () => LogFilesStatus): Route[] {
  return [{
    method: "GET",
    path: "/api/log-files",
    role: "viewer",
    errors: "json",
    doc: {
      summary: "How far each log file is read, and what was odd in it",
      tag: "state",
      responses: {
        200: { description: "Files.", content: { "application/json": LogFilesJson } },
      },
    },
    handler: (c) => {
      const { files, rotations, lostFiles, leftOut } = logFiles();
      const body: z.infer<typeof LogFilesJson> = {
        files: files.map((one) => ({
          path: one.path,
          size: one.size,
          offset: one.offset,
          lag_bytes: Math.max(0, one.size - one.offset),
          records: one.records,
          repeated: one.repeated,
          truncations: one.truncations,
          split_lines: one.splitLines,
          cut_groups: one.cutGroups,
          repaired_lines: one.repairedLines,
          misfits: one.misfits,
          service: one.service,
          pid: one.pid,
          rotated: one.rotated,
        })),
        rotations,
        lost_files: lostFiles,
        left_out: leftOut,
      };
      return c.json(body);
    },
  }];
}
