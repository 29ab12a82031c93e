import { startHorizon } from "../support/running_horizon.ts";
import { cpuSeconds, rssMib } from "./process_usage.ts";
import { type Figure, median } from "./report.ts";

const PROCESSES = 200;
/** Caches fill and code is compiled during the first seconds. */
const SETTLE_MS = 15_000;

type Program = "source" | "executable";

/** Start to ready, and what it costs to watch this host with 200 processes. */
export async function idleCost(program: Program, seconds: number): Promise<Figure[]> {
  const starts: number[] = [];
  for (let i = 0; i < 5; i++) {
    const before = performance.now();
    const horizon = await startHorizon({ program });
    starts.push(performance.now() - before);
    await horizon.stop();
  }
  const sleepers = Array.from(
    { length: PROCESSES },
    () => new Deno.Command("sleep", { args: ["600"], stdin: "null" }).spawn(),
  );
  const horizon = await startHorizon({ program });
  try {
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const before = cpuSeconds(horizon.pid);
    await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
    const percent = (cpuSeconds(horizon.pid) - before) / seconds * 100;
    return [
      {
        name: "start_to_ready",
        unit: "ms",
        value: median(starts),
        target: 700,
        better: "less",
        note: `${program}, median of ${starts.length}`,
      },
      {
        name: "idle_cpu",
        unit: "% of a core",
        value: percent,
        target: 2,
        better: "less",
        note: `${PROCESSES} processes, host each second, processes each 2 s`,
      },
      {
        name: "idle_rss",
        unit: "MiB",
        value: rssMib(horizon.pid),
        target: 200,
        better: "less",
        note: program,
      },
    ];
  } finally {
    for (const sleeper of sleepers) sleeper.kill("SIGKILL");
    await Promise.all(sleepers.map((sleeper) => sleeper.status));
    await horizon.stop();
  }
}
