import type { ProcessSeries } from "./process_metrics.ts";
import type { TrackedProcess } from "./tracked_process.ts";

/** Pushes what is measured of a process on every turn. */
export function recordFast(
  process: TrackedProcess,
  series: ProcessSeries,
  tsUs: number,
  clockTicksPerSecond: number,
  logicalCpus: number,
): void {
  const { cpuRatio, kernelThread } = process;
  series.record("userTime", tsUs, process.userTicks / clockTicksPerSecond);
  series.record("systemTime", tsUs, process.systemTicks / clockTicksPerSecond);
  series.record("utilization", tsUs, cpuRatio === null ? null : cpuRatio / logicalCpus);
  series.record("resident", tsUs, kernelThread ? null : process.rssBytes);
}

/** Pushes what is measured of a process on its slow turns. */
export function recordSlow(process: TrackedProcess, series: ProcessSeries, tsUs: number): void {
  series.record("virtual", tsUs, process.kernelThread ? null : process.virtualBytes);
  series.record("threads", tsUs, process.threads);
  series.record("minorFaults", tsUs, process.minorFaults);
  series.record("majorFaults", tsUs, process.majorFaults);
  series.record("uptime", tsUs, Math.max(0, tsUs / 1000 - process.startTimeMs) / 1000);
  series.record("openFds", tsUs, process.openFds);
  series.record("fdLimit", tsUs, process.fdLimit);
  series.record("readBytes", tsUs, process.io?.readBytes ?? null);
  series.record("writeBytes", tsUs, process.io?.writeBytes ?? null);
  series.record("voluntarySwitches", tsUs, process.voluntarySwitches);
  series.record("involuntarySwitches", tsUs, process.involuntarySwitches);
  series.record("pss", tsUs, process.pssBytes);
  if (process.service === null) return;
  const { limits, limitShares } = process;
  series.record("openFilesShare", tsUs, limitShares["open_files"] ?? null);
  series.record("processesShare", tsUs, limitShares["processes"] ?? null);
  series.record("addressSpaceShare", tsUs, limitShares["address_space"] ?? null);
  series.record("processesLimit", tsUs, limits["processes"]?.soft ?? null);
  series.record("addressSpaceLimit", tsUs, limits["address_space"]?.soft ?? null);
}
