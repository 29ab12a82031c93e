import { sumOf, type TopProcess } from "./snapshot.ts";

/** What processes are sorted by. */
export const SORT_KEYS = ["cpu", "memory", "io", "fds", "threads", "pid", "name"] as const;
export type SortKey = typeof SORT_KEYS[number];

export interface RowOrder {
  readonly sort: SortKey;
  /** Largest first, but for names and pids: those begin with the smallest. */
  readonly reversed: boolean;
}

/** A line of the table. */
export type TopRow =
  | { readonly kind: "process"; readonly process: TopProcess; readonly inGroup: boolean }
  | {
    readonly kind: "group";
    /** Its service; "" for the processes of none. */
    readonly service: string;
    readonly count: number;
    readonly open: boolean;
    /** What its processes use together. */
    readonly total: TopUsage;
  };

export type TopUsage = Pick<
  TopProcess,
  "cpuRatio" | "rssBytes" | "threads" | "openFds" | "ioBytesPerSecond"
>;

/** Processes whose pid, name, service, user or command line has the text, in any case. */
export function matching(processes: readonly TopProcess[], filter: string): TopProcess[] {
  const wanted = filter.toLowerCase();
  return processes.filter(({ pid, name, service, user, commandLine }) =>
    [String(pid), name, service ?? "", user ?? "", commandLine ?? ""]
      .some((text) => text.toLowerCase().includes(wanted))
  );
}

/** The processes as lines, one each. */
export function flatRows(processes: readonly TopProcess[], order: RowOrder): TopRow[] {
  return sorted(processes, order).map((process) => ({ kind: "process", process, inGroup: false }));
}

/** A line for each service, and below those that are open their processes. */
export function groupedRows(
  processes: readonly TopProcess[],
  order: RowOrder,
  open: ReadonlySet<string>,
): TopRow[] {
  const byService = Map.groupBy(processes, ({ service }) => service ?? "");
  const groups = [...byService].map(([service, own]) => ({ service, own, total: totalOf(own) }));
  const direction = directionOf(order);
  groups.sort((a, b) => {
    const compared = order.sort === "name" || order.sort === "pid"
      ? a.service < b.service ? -1 : 1
      : usageOf(a.total, order.sort) - usageOf(b.total, order.sort);
    return compared * direction || (a.service < b.service ? -1 : 1);
  });
  return groups.flatMap(({ service, own, total }): TopRow[] => [
    { kind: "group", service, count: own.length, open: open.has(service), total },
    ...open.has(service)
      ? sorted(own, order).map((process): TopRow => ({ kind: "process", process, inGroup: true }))
      : [],
  ]);
}

function totalOf(processes: readonly TopProcess[]): TopUsage {
  const sum = (key: keyof TopUsage) => sumOf(processes.map((one) => one[key]));
  return {
    cpuRatio: sum("cpuRatio"),
    rssBytes: sum("rssBytes"),
    threads: sum("threads"),
    openFds: sum("openFds"),
    ioBytesPerSecond: sum("ioBytesPerSecond"),
  };
}

function sorted(processes: readonly TopProcess[], order: RowOrder): TopProcess[] {
  const direction = directionOf(order);
  return [...processes].sort((a, b) => {
    const compared = order.sort === "name"
      ? a.name < b.name ? -1 : a.name > b.name ? 1 : 0
      : order.sort === "pid"
      ? a.pid - b.pid
      : usageOf(a, order.sort) - usageOf(b, order.sort);
    return compared * direction || a.pid - b.pid;
  });
}

function directionOf({ sort, reversed }: RowOrder): 1 | -1 {
  return (sort === "name" || sort === "pid") === reversed ? -1 : 1;
}

type UsageKey = Exclude<SortKey, "name" | "pid">;

/** What is not known is less than everything. */
function usageOf(usage: TopUsage, key: UsageKey): number {
  const values: Readonly<Record<UsageKey, number | null>> = {
    cpu: usage.cpuRatio,
    memory: usage.rssBytes,
    io: usage.ioBytesPerSecond,
    fds: usage.openFds,
    threads: usage.threads,
  };
  return values[key] ?? -1;
}
