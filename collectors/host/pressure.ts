import { instruments } from "../instrument.ts";
import type { Metric } from "../metric.ts";
import { count, decimal, fields, lines } from "../proc_text.ts";
import type { HostPart } from "./host_part.ts";

/** Windows of the kernel's averages, seconds. */
const WINDOWS = ["10", "60", "300"] as const;
const RESOURCES = ["cpu", "memory", "io", "irq"] as const;

/** One line of a pressure file. */
export interface Pressure {
  /** `some`: at least one task waited; `full`: all that had something to do waited. */
  readonly stall: "some" | "full";
  /** Shares of time in [0, 1] by window in seconds. */
  readonly averages: Readonly<Record<typeof WINDOWS[number], number>>;
  /** Microseconds since boot. */
  readonly totalUs: number;
}

export const PRESSURE_METRICS = {
  pressure: {
    name: "system.linux.psi.pressure",
    kind: "gauge",
    unit: "1",
    attributes: [
      "system.linux.psi.resource",
      "system.linux.psi.stall_type",
      "system.linux.psi.window",
    ],
    description:
      "Share of time that tasks waited for `cpu`, `memory`, `io` or `irq`: `some` or `full`, over the last 10, 60 and 300 seconds.",
  },
  time: {
    name: "system.linux.psi.time",
    kind: "counter",
    unit: "s",
    attributes: ["system.linux.psi.resource", "system.linux.psi.stall_type"],
    description: "Time that tasks waited since boot; its rate is exact over any window.",
  },
} as const satisfies Record<string, Metric>;

export const pressurePart: HostPart = {
  name: "pressure",
  metrics: PRESSURE_METRICS,
  create({ sink, proc }) {
    const into = instruments(sink, PRESSURE_METRICS);
    return ({ tsUs }) => {
      for (const resource of RESOURCES) {
        const text = proc.text(`pressure/${resource}`);
        if (text === null) continue;
        for (const { stall, averages, totalUs } of parsePressure(text)) {
          for (const window of WINDOWS) {
            into.pressure.record(tsUs, averages[window], resource, stall, window);
          }
          into.time.record(tsUs, totalUs / 1e6, resource, stall);
        }
      }
    };
  },
};

/** Parses a file of `/proc/pressure` (or a cgroup's `*.pressure`), which has percentages. */
export function parsePressure(text: string): Pressure[] {
  return lines(text).flatMap((line) => {
    const [stall, ...pairs] = fields(line);
    if (stall !== "some" && stall !== "full") return [];
    const values = new Map(pairs.map((pair) => {
      const at = pair.indexOf("=");
      return [pair.slice(0, at), pair.slice(at + 1)];
    }));
    const [short, middle, long] = [
      decimal(values.get("avg10")),
      decimal(values.get("avg60")),
      decimal(values.get("avg300")),
    ];
    const totalUs = count(values.get("total"));
    if (short === null || middle === null || long === null || totalUs === null) return [];
    const averages = { 10: short / 100, 60: middle / 100, 300: long / 100 };
    return [{ stall, averages, totalUs }];
  });
}
