import { startHorizon, withHorizon } from "../support/running_horizon.ts";
import { within } from "../support/until.ts";
import { sendLoad } from "./http_load.ts";
import { spansBody } from "./otlp_bodies.ts";
import type { BenchOptions, Part } from "./part.ts";
import { cpuPercent, cpuSeconds, rssMib } from "./process_usage.ts";
import { type Figure, median } from "./report.ts";

const SPANS_PER_SECOND = 10_000;
/** What an OpenTelemetry SDK sends at a time, unless told otherwise. */
const SDK_BATCH = 512;
/** At this rate a chunk of spans fills, and is sealed, every 25 s: two of them are in the figure. */
const PACED_SECONDS = 50;
const PROCESSES = 200;
const MANY_PROCESSES = 2_000;
/** Caches fill and code is compiled during the first seconds. */
const SETTLE_SECONDS = 15;
/** Half a minute after its start the runtime shrinks its heaps, once: that is not idling. */
const IDLE_SETTLE_SECONDS = 45;
const IDLE_SECONDS = 30;
const STARTS = 7;

/** Share of one core, in percent, that Horizon takes at a paced 10,000 spans a second. */
export const PACED_COST: Part = {
  figures: ["cpu_at_10000_spans_per_second"],
  run: async ({ program, quick }) => {
    const figures: Figure[] = [];
    await withHorizon(async ({ otlpHttpUrl: url, pid }) => {
      const load = {
        url,
        signal: "traces" as const,
        bodies: [spansBody(SDK_BATCH)],
        rowsPerBody: SDK_BATCH,
        connections: 8,
        pace: SPANS_PER_SECOND,
      };
      await sendLoad({ ...load, seconds: quick ? 3 : SETTLE_SECONDS });
      const before = cpuSeconds(pid);
      const { keptRows, seconds } = await within(
        "answers to the load",
        PACED_SECONDS * 2_000,
        sendLoad({ ...load, seconds: quick ? 5 : PACED_SECONDS }),
      );
      figures.push({
        name: "cpu_at_10000_spans_per_second",
        unit: "% of a core",
        value: (cpuSeconds(pid) - before) / seconds * 100,
        target: 15,
        better: "less",
        note: `${(keptRows / seconds).toFixed(0)} spans/s kept, ${SDK_BATCH} a request; ` +
          "watching the host and sealing included",
      });
    }, { program });
    return figures;
  },
};

/** What it costs to watch this host with 200 processes more, each second. */
export const IDLE_COST: Part = {
  figures: ["idle_cpu", "idle_rss"],
  run: ({ program, quick }) =>
    besideSleepers(PROCESSES, async () => {
      const eachSecond = await idleCost(program, quick, "interval: 1s");
      const byDefault = await idleCost(program, quick, "");
      return [
        {
          name: "idle_cpu",
          unit: "% of a core",
          value: eachSecond.cpu,
          target: 2,
          better: "less",
          note: `${program}; host and ${PROCESSES} processes more each second; ` +
            `${byDefault.cpu.toFixed(1)} % with the default of processes each 2 s`,
        },
        {
          name: "idle_rss",
          unit: "MiB",
          value: eachSecond.rss,
          target: 200,
          better: "less",
          note: `${program}, ${quick ? 8 : IDLE_SETTLE_SECONDS + IDLE_SECONDS} s after its start`,
        },
      ];
    }),
};

/**
 * What it costs to look at 2,000 real processes more each five seconds, and to store what is seen of them: what Horizon takes with
 * the collector of processes, less what it takes without.
 */
export const MANY_PROCESSES_COST: Part = {
  figures: ["cpu_of_2000_processes"],
  run: ({ program, quick }) =>
    besideSleepers(MANY_PROCESSES, async () => {
      const without = await idleCost(program, quick, "enabled: false");
      const { cpu, rss } = await idleCost(program, quick, "interval: 5s");
      return [{
        name: "cpu_of_2000_processes",
        unit: "% of a core",
        value: cpu - without.cpu,
        target: 5,
        better: "less",
        note: `${program}; each 5 s, storing included; all of Horizon ${cpu.toFixed(1)} % and ` +
          `${rss.toFixed(0)} MiB, without the collector of processes ` +
          `${without.cpu.toFixed(1)} % and ${without.rss.toFixed(0)} MiB`,
      }];
    }),
};

/** Runs something while so many processes more sleep on this host. */
async function besideSleepers<T>(count: number, run: () => Promise<T>): Promise<T> {
  const sleepers = Array.from(
    { length: count },
    () => new Deno.Command("sleep", { args: ["600"], stdin: "null" }).spawn(),
  );
  try {
    return await run();
  } finally {
    for (const sleeper of sleepers) sleeper.kill("SIGKILL");
    await Promise.all(sleepers.map((sleeper) => sleeper.status));
  }
}

/** A settled Horizon that nothing is sent to, with `collectors.processes` as given: percent of a core, MiB. */
async function idleCost(
  program: BenchOptions["program"],
  quick: boolean,
  processes: string,
): Promise<{ cpu: number; rss: number }> {
  const folder = await Deno.makeTempDir();
  try {
    const config = `${folder}/horizon.yaml`;
    await Deno.writeTextFile(config, `collectors: { processes: { ${processes} } }\n`);
    const horizon = await startHorizon({ program, args: ["--config", config] });
    try {
      const settleSeconds = quick ? 3 : IDLE_SETTLE_SECONDS;
      await new Promise((resolve) => setTimeout(resolve, settleSeconds * 1_000));
      const cpu = await cpuPercent(horizon.pid, quick ? 5 : IDLE_SECONDS);
      return { cpu, rss: rssMib(horizon.pid) };
    } finally {
      await horizon.stop();
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** From starting the process to the line that says it is ready. */
export const START: Part = {
  figures: ["start_to_ready"],
  run: async ({ program }) => {
    // The executable may unpack at its first start; that one is told, not counted.
    const times: number[] = [];
    for (let i = 0; i <= STARTS; i++) {
      const before = performance.now();
      const horizon = await startHorizon({ program });
      times.push(performance.now() - before);
      await horizon.kill();
    }
    const [first = NaN, ...later] = times;
    return [{
      name: "start_to_ready",
      unit: "ms",
      value: median(later),
      target: 700,
      better: "less",
      note: `${program}, empty, median of ${STARTS}; the one before them ${first.toFixed(0)} ms; ` +
        "looked at each 50 ms",
    }];
  },
};
