import type { TopProcess, TopSnapshot } from "../../../../mod/top/snapshot.ts";

/** A process of which little is known but what a test says. */
export function process(parts: Partial<TopProcess> & { readonly pid: number }): TopProcess {
  return {
    name: `p${parts.pid}`,
    service: null,
    user: "root",
    state: "sleeping",
    commandLine: null,
    cpuRatio: null,
    rssBytes: null,
    threads: null,
    openFds: null,
    ioBytesPerSecond: null,
    ...parts,
  };
}

export function snapshot(processes: readonly TopProcess[]): TopSnapshot {
  return {
    tsMs: Date.parse("2026-11-25T12:34:56Z"),
    hostName: "shop-1",
    host: {
      cpuRatio: 0.25,
      cpus: 4,
      load: [1, 0.5, 0.25],
      memoryUsedBytes: 6 * 1024 ** 3,
      memoryBytes: 24 * 1024 ** 3,
      swapUsedBytes: null,
      swapBytes: null,
      uptimeSeconds: 273_600,
    },
    processes,
  };
}
