import process from "node:process";
import type { SelfUsage } from "../sources.ts";

/** What this process uses now, all its threads together. */
export function selfUsage(): SelfUsage {
  const memory = Deno.memoryUsage();
  const cpu = process.cpuUsage();
  return {
    rssBytes: memory.rss,
    heapUsedBytes: memory.heapUsed,
    cpuUserSeconds: cpu.user / 1e6,
    cpuSystemSeconds: cpu.system / 1e6,
  };
}
