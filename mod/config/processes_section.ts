import { z } from "zod";
import { contradiction, type IssueContext, whenRight } from "./contradiction.ts";
import { absolutePath, ALLOWED, choice, count, duration, flag, text } from "./scalars.ts";

/** Whether every process is collected, or only those that a group matches. */
export const PROCESS_SELECTIONS = ["all", "matched"] as const;
export type ProcessSelection = typeof PROCESS_SELECTIONS[number];

/** What a process must be to belong to a group: all that is not null must hold; one is set at least. */
export interface ProcessMatch {
  /** The kernel's short name (`comm`); a longer one is cut at 15 bytes, as the kernel does. */
  readonly name: string | null;
  /** Path of the program file, or its last part. */
  readonly executable: string | null;
  /** A regular expression found somewhere in the arguments joined by spaces. */
  readonly command_line: string | null;
  /** A file that holds the pid. */
  readonly pid_file: string | null;
  /** The service of the parent process. */
  readonly parent: string | null;
  /** A cgroup it is in, at any depth: a path from the root, or one part of it. */
  readonly cgroup: string | null;
}

/** How the processes of a group are asked for their metrics. */
export interface GroupScrapeConfig {
  /** Null: every port that they listen on and that answers with metrics. */
  readonly ports: readonly number[] | null;
  readonly path: string;
  readonly interval_ms: number;
}

/** Processes that make up one service; of the groups that match a process the first counts. */
export interface ProcessGroupConfig {
  readonly service: string;
  readonly match: ProcessMatch;
  /** Null: not scraped. */
  readonly scrape: GroupScrapeConfig | null;
  /** Descendants that no group matches belong to it as well. */
  readonly children: boolean;
  /** A process of it that is gone without a word has crashed. */
  readonly watch: boolean;
}

/** Whose starts and ends are kept as events. */
export const HISTORY_SELECTIONS = ["all", "matched", "none"] as const;
export type HistorySelection = typeof HISTORY_SELECTIONS[number];

/** `collectors.processes`: the processes of this host. */
export interface ProcessesConfig {
  readonly enabled: boolean;
  readonly interval_ms: number;
  /** Of one turn; never longer than the interval. */
  readonly timeout_ms: number;
  readonly include: ProcessSelection;
  readonly max_processes: number;
  readonly history: HistorySelection;
  /** A start so soon after an end of the same program is a restart. */
  readonly restart_window_ms: number;
  /** Restarts in a row that are a loop. */
  readonly restart_loop_count: number;
  /** What has run for so long is out of its loop. */
  readonly stable_after_ms: number;
  /** What waits in the kernel for so long is stuck. */
  readonly stuck_after_ms: number;
  readonly groups: readonly ProcessGroupConfig[];
}

/** As they are written in the file. A timeout is the interval where nothing else is said. */
export const PROCESSES_DEFAULTS = {
  enabled: true,
  interval: "2s",
  include: "all",
  max_processes: 4_096,
  children: false,
  watch: false,
  history: "all",
  restart_window: "10m",
  restart_loop_count: 3,
  stable_after: "5m",
  stuck_after: "30s",
} as const;

const MAX_GROUPS = 256;
const MAX_PORTS = 64;
const MAX_PATTERN_LENGTH = 1_024;

const ServiceName = text(128, "a service name, as `service.name` has it");

const Match = z
  .strictObject({
    name: text(255, "a process name").optional()
      .describe("The kernel's short name of the process; a longer one is cut at 15 bytes."),
    executable: text(4_096, "an absolute path, or a program's name without its folder")
      .refine((path) => path.startsWith("/") || !path.includes("/"), {
        error: "is neither an absolute path nor a name",
      })
      .optional().describe("Path of the program file, or its last part."),
    command_line: text(MAX_PATTERN_LENGTH, "a regular expression").refine(isRegularExpression, {
      error: "is not a regular expression",
    }).optional().describe("Regular expression found in the arguments joined by spaces."),
    pid_file: absolutePath().optional().describe("File that holds the pid."),
    parent: ServiceName.optional().describe("Service of the parent process: another group's."),
    cgroup: text(
      4_096,
      "a path in the cgroup hierarchy such as /system.slice/app.service, or one part of it",
    )
      .refine((path) => path.startsWith("/") || !path.includes("/"), {
        error: "is neither a path from the root nor one part",
      })
      .optional().describe("Cgroup it is in, at any depth: a path, or one part of it."),
  })
  .refine((match) => Object.keys(match).length > 0, {
    error: "matches nothing: it has no key",
  })
  .transform((match): ProcessMatch => ({
    name: match.name ?? null,
    executable: match.executable ?? null,
    command_line: match.command_line ?? null,
    pid_file: match.pid_file ?? null,
    parent: match.parent ?? null,
    cgroup: match.cgroup ?? null,
  }));

const GroupScrape = z.strictObject({
  ports: z.union([
    z.literal("listening"),
    z.array(count(1, 65_535)).min(1).max(MAX_PORTS),
  ], { error: "is neither listening nor a list of ports" })
    .meta({ [ALLOWED]: `listening, or a list of 1 to ${MAX_PORTS} ports` })
    .prefault("listening")
    .describe("Ports that answer with metrics; listening: those of the processes that do so."),
  path: text(2_048, "a path, such as /metrics").refine((path) => path.startsWith("/"), {
    error: "does not begin with /",
  }).prefault("/metrics").describe("Path of the metrics."),
  interval: duration("1s", "1h").prefault("15s").describe("Time between two scrapes."),
}).transform(({ ports, path, interval }): GroupScrapeConfig => ({
  ports: ports === "listening" ? null : ports,
  path,
  interval_ms: interval,
}));

const Group = z.strictObject({
  service: ServiceName.describe("Name of the service; the label service.name of its metrics."),
  match: Match.describe("What a process must be to belong to it; all given keys must hold."),
  children: flag().prefault(PROCESSES_DEFAULTS.children)
    .describe("Take in descendants that no group matches."),
  watch: flag().prefault(PROCESSES_DEFAULTS.watch)
    .describe("Record a crash also when a process of it is gone and nothing says why."),
  scrape: GroupScrape.nullable().prefault(null)
    .describe("Ask its processes for Prometheus metrics, on the ports that they listen on."),
});

export const ProcessesSection: z.ZodType<ProcessesConfig> = z
  .strictObject({
    enabled: flag().prefault(PROCESSES_DEFAULTS.enabled).describe("Collect process metrics."),
    interval: duration("100ms", "1h").prefault(PROCESSES_DEFAULTS.interval)
      .describe("Time between two looks at the processes."),
    timeout: duration("10ms", "1h").optional()
      .describe("How long one look may take. Default: the interval."),
    include: choice(PROCESS_SELECTIONS).prefault(PROCESSES_DEFAULTS.include)
      .describe("Every process, or only those that a group matches."),
    max_processes: count(1, 100_000).prefault(PROCESSES_DEFAULTS.max_processes)
      .describe("Processes looked at; more are left out and counted."),
    history: choice(HISTORY_SELECTIONS).prefault(PROCESSES_DEFAULTS.history)
      .describe("Whose starts and ends are kept: all processes, those of groups, or none."),
    restart_window: duration("1s", "1d").prefault(PROCESSES_DEFAULTS.restart_window)
      .describe("A start so soon after an end of the same program is a restart."),
    restart_loop_count: count(2, 1_000).prefault(PROCESSES_DEFAULTS.restart_loop_count)
      .describe("Restarts in a row that are a loop."),
    stable_after: duration("1s", "1d").prefault(PROCESSES_DEFAULTS.stable_after)
      .describe("What has run for so long is out of its restart loop."),
    stuck_after: duration("1s", "1d").prefault(PROCESSES_DEFAULTS.stuck_after)
      .describe("A process that waits in the kernel for so long is stuck."),
    groups: z.array(Group, { error: "is not a list" }).max(MAX_GROUPS, {
      error: `has more than ${MAX_GROUPS} entries`,
    }).prefault([])
      .describe("Which processes make up which service; the first match counts."),
  })
  .superRefine((p, ctx) => {
    if (p.timeout !== undefined && p.timeout > p.interval) {
      contradiction(ctx, ["timeout"], "is longer than interval", "a duration up to interval");
    }
  }, whenRight("interval", "timeout"))
  .superRefine((p, ctx) => {
    if (p.enabled && p.include === "matched" && p.groups.length === 0) {
      contradiction(
        ctx,
        ["include"],
        "selects nothing: there are no groups",
        "all, or groups that match something",
      );
    }
  }, whenRight("enabled", "include", "groups"))
  .superRefine(({ enabled, groups }, ctx) => {
    if (!enabled && groups.some(({ scrape }) => scrape !== null)) {
      const message = "leaves nothing to scrape, though a group says scrape";
      contradiction(ctx, ["enabled"], message, "true, or no group with scrape");
    }
  }, whenRight("enabled", "groups"))
  .superRefine((p, ctx) => checkParents(p.groups, ctx), whenRight("groups"))
  .transform((
    { interval, timeout, restart_window, stable_after, stuck_after, ...rest },
  ): ProcessesConfig => ({
    ...rest,
    restart_window_ms: restart_window,
    stable_after_ms: stable_after,
    stuck_after_ms: stuck_after,
    interval_ms: interval,
    timeout_ms: timeout ?? interval,
  }));

/** A parent must be the service of another group, and no service may be above itself. */
function checkParents(
  groups: readonly ProcessGroupConfig[],
  ctx: IssueContext,
): void {
  const services = new Set(groups.map((group) => group.service));
  groups.forEach(({ service, match }, i) => {
    if (match.parent === null) return;
    const path = ["groups", i, "match", "parent"];
    if (!services.has(match.parent)) {
      contradiction(ctx, path, "is the service of no group", "the service of another group");
    } else if (isAbove(service, match.parent, groups)) {
      contradiction(ctx, path, "leads back to its own service", "a service that is not below it");
    }
  });
}

function isAbove(
  service: string,
  parent: string,
  groups: readonly ProcessGroupConfig[],
): boolean {
  const seen = new Set<string>();
  const open = [parent];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next === service) return true;
    if (seen.has(next)) continue;
    seen.add(next);
    for (const group of groups) {
      if (group.service === next && group.match.parent !== null) open.push(group.match.parent);
    }
  }
  return false;
}

function isRegularExpression(pattern: string): boolean {
  try {
    new RegExp(pattern, "u");
    return true;
  } catch {
    return false;
  }
}
