import { z } from "zod";
import { processId } from "../../mod/processes/process_identity.ts";
import type { ProcessRow } from "../../mod/processes/process_row.ts";
import type { Route } from "../route.ts";
import type { ProcessList } from "../sources.ts";

/** A process that runs. */
export const ProcessJson = z.strictObject({
  id: z.string().describe("Names it: `/api/processes/{id}`."),
  pid: z.int(),
  ppid: z.int(),
  name: z.string(),
  service: z.string().nullable(),
  user: z.string().nullable(),
  state: z.string(),
  executable: z.string().nullable(),
  command_line: z.string().nullable(),
  start_time: z.iso.datetime(),
  cpu_ratio: z.number().nullable().describe("1 is one core."),
  rss_bytes: z.number().nullable(),
  virtual_bytes: z.number().nullable(),
  pss_bytes: z.number().nullable(),
  threads: z.number().nullable(),
  open_fds: z.number().nullable(),
  fd_limit: z.number().nullable(),
  read_bytes_per_second: z.number().nullable(),
  write_bytes_per_second: z.number().nullable(),
  cgroup: z.string().nullable(),
  container_id: z.string().nullable(),
});

/** The answer of `/api/processes`. */
export const ProcessesJson = z.strictObject({
  ts: z.iso.datetime(),
  processes: z.array(ProcessJson),
});

/** `GET /api/processes`: what runs on this host, as last looked at. Bounded by the collector;
 * what ran before is in the SQL view `processes`. */
export function processRoutes(processes: () => ProcessList): Route[] {
  return [{
    method: "GET",
    path: "/api/processes",
    role: "viewer",
    errors: "json",
    doc: {
      summary: "The processes of this host",
      tag: "state",
      responses: {
        200: { description: "Processes.", content: { "application/json": ProcessesJson } },
      },
    },
    handler: (c) => {
      const list = processes();
      const body: z.infer<typeof ProcessesJson> = {
        ts: new Date(list.tsMs).toISOString(),
        processes: list.processes.filter((one) => one.exitedAtMs === null).map(processJson),
      };
      return c.json(body);
    },
  }];
}

export function processJson(one: ProcessRow): z.infer<typeof ProcessJson> {
  return {
    id: processId(one.pid, one.startTimeMs),
    pid: one.pid,
    ppid: one.ppid,
    name: one.name,
    service: one.service,
    user: one.user,
    state: one.state,
    executable: one.executable,
    command_line: one.commandLine,
    start_time: new Date(one.startTimeMs).toISOString(),
    cpu_ratio: one.cpuRatio,
    rss_bytes: one.rssBytes,
    virtual_bytes: one.virtualBytes,
    pss_bytes: one.pssBytes,
    threads: one.threads,
    open_fds: one.openFds,
    fd_limit: one.fdLimit,
    read_bytes_per_second: one.readBytesPerSecond,
    write_bytes_per_second: one.writeBytesPerSecond,
    cgroup: one.cgroup,
    container_id: one.containerId,
  };
}
