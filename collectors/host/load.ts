import { instruments } from "../instrument.ts";
import type { Metric } from "../metric.ts";
import { count, decimal, fields } from "../proc_text.ts";
import type { HostPart } from "./host_part.ts";

/** `/proc/loadavg`, proc_loadavg(5). */
export interface LoadAverages {
  readonly oneMinute: number;
  readonly fiveMinutes: number;
  readonly fifteenMinutes: number;
  /** Threads that exist, kernel threads included. */
  readonly threads: number | null;
}

export const LOAD_METRICS = {
  oneMinute: {
    name: "system.cpu.load_average.1m",
    kind: "gauge",
    unit: "{thread}",
    attributes: [],
    description: "Threads that run, are ready to, or wait for IO: average over 1 minute.",
  },
  fiveMinutes: {
    name: "system.cpu.load_average.5m",
    kind: "gauge",
    unit: "{thread}",
    attributes: [],
    description: "The same over 5 minutes.",
  },
  fifteenMinutes: {
    name: "system.cpu.load_average.15m",
    kind: "gauge",
    unit: "{thread}",
    attributes: [],
    description: "The same over 15 minutes.",
  },
  threads: {
    name: "system.linux.thread.count",
    kind: "updown",
    unit: "{thread}",
    attributes: [],
    description: "Threads that exist, kernel threads included.",
  },
} as const satisfies Record<string, Metric>;

export const loadPart: HostPart = {
  name: "load",
  metrics: LOAD_METRICS,
  create({ sink, proc }) {
    const into = instruments(sink, LOAD_METRICS);
    return ({ tsUs }) => {
      const text = proc.text("loadavg");
      const load = text === null ? null : parseLoadAverages(text);
      into.oneMinute.record(tsUs, load?.oneMinute);
      into.fiveMinutes.record(tsUs, load?.fiveMinutes);
      into.fifteenMinutes.record(tsUs, load?.fifteenMinutes);
      into.threads.record(tsUs, load?.threads);
    };
  },
};

/** Parses `/proc/loadavg`; null when it makes no sense. */
export function parseLoadAverages(text: string): LoadAverages | null {
  const [one, five, fifteen, tasks] = fields(text);
  const [oneMinute, fiveMinutes, fifteenMinutes] = [decimal(one), decimal(five), decimal(fifteen)];
  if (oneMinute === null || fiveMinutes === null || fifteenMinutes === null) return null;
  return { oneMinute, fiveMinutes, fifteenMinutes, threads: count(tasks?.split("/")[1]) };
}
