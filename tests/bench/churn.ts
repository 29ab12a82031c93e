import { fileURLToPath } from "node:url";
import type { Part } from "./part.ts";

/** Before it, caches fill and retention has nothing to drop yet. */
const STEADY_FROM_HOUR = 12;

/** How far resident memory moves over the last twelve of 24 simulated hours. */
export const CHURN: Part = {
  figures: ["rss_growth_over_a_day"],
  run: async () => {
    const script = fileURLToPath(new URL("churn_day.ts", import.meta.url));
    const startedMs = performance.now();
    const { success, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--allow-all", script],
      stdout: "piped",
      stderr: "inherit",
    }).output();
    if (!success) throw new Error("the simulated day ended with an error");
    const hours: { rss_mib: number; evicted: number }[] = new TextDecoder().decode(stdout)
      .trim().split("\n").map((line) => JSON.parse(line));
    const rss = hours.map((hour) => hour.rss_mib);
    const steady = rss.slice(STEADY_FROM_HOUR);
    const [low, high] = [Math.min(...steady), Math.max(...steady)];
    return [{
      name: "rss_growth_over_a_day",
      unit: "%",
      value: (high / low - 1) * 100,
      target: 10,
      better: "less",
      note:
        `most against least of hours ${STEADY_FROM_HOUR + 1} to ${rss.length}; MiB each hour: ` +
        `${rss.map((one) => one.toFixed(0)).join(" ")}; ${hours.at(-1)?.evicted} rows evicted; ` +
        `the day took ${((performance.now() - startedMs) / 1_000).toFixed(0)} s`,
    }];
  },
};
