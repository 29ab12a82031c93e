// deno-lint-ignore-file no-console -- a command: it talks to the terminal
/**
 * What a turn of the process collector costs, with what it tells of starts and ends: on trees of 200 and
 * 2,000 made-up processes, with half of them in a service and a hundredth of them replaced each
 * turn, and on the real /proc. Run: deno run -A tests/bench/process_collector.ts
 */
import { join } from "node:path";
import process from "node:process";
import { ReportedExits } from "../../mod/processes/reported_exits.ts";
import { KernelLog } from "../../collectors/processes/kernel_log.ts";
import { OomCounts } from "../../collectors/processes/oom_counts.ts";
import { ProcessLifecycle } from "../../collectors/processes/process_lifecycle.ts";
import { UnitJournal } from "../../collectors/processes/unit_journal.ts";
import { SeriesRegistry } from "../../mod/intern/series_registry.ts";
import { LatestValues } from "../../mod/latest/latest_values.ts";
import { SampleBatchBuilder } from "../../mod/signals/samples.ts";
import { systemClock } from "../../mod/clock.ts";
import { USUAL_KERNEL_CONSTANTS } from "../../collectors/kernel_constants.ts";
import {
  PROCESS_COLLECTOR_DEFAULTS,
  ProcessCollector,
} from "../../collectors/processes/process_collector.ts";
import type { SampleSink } from "../../collectors/sample_sink.ts";

const TURNS = 60;
const INTERVAL_MS = 1000;

async function main(): Promise<void> {
  const results = [];
  for (const processes of [200, 2000]) {
    const root = await Deno.makeTempDir({ prefix: "horizon-bench-" });
    try {
      writeTree(root, processes);
      results.push(measure(`made up, ${processes} processes`, root));
      let next = processes;
      results.push(measure(`${processes}, half in a service, 1 % replaced a turn`, root, () => {
        for (let i = 0; i < processes / 100; i++) {
          Deno.removeSync(join(root, String(next - processes + 1)), { recursive: true });
          writeProcess(root, ++next);
        }
      }));
    } finally {
      await Deno.remove(root, { recursive: true });
    }
  }
  results.push(measure("/proc of this host", "/proc"));
  console.log(JSON.stringify(results, null, 2));
}

function measure(
  what: string,
  procRoot: string,
  churn: (() => void) | null = null,
): Record<string, string | number> {
  let samples = 0;
  let events = 0;
  const sink = countingSink((n) => samples += n);
  const collector = new ProcessCollector({
    ...PROCESS_COLLECTOR_DEFAULTS,
    intervalMs: INTERVAL_MS,
    timeoutMs: INTERVAL_MS,
    procRoot,
    groups: churn === null
      ? []
      : [{ service: "half", match: { commandLine: /--id=\d*[02468]$/ }, children: false }],
    lifecycle: new ProcessLifecycle({
      sinceMs: 0,
      write: () => events++,
      history: "all",
      watched: new Set(),
      restarts: { windowMs: 600_000, loopCount: 3, stableMs: 300_000 },
      stuckAfterMs: 30_000,
      kernelLog: new KernelLog(),
      // What is made up has no journal.
      journal: new UnitJournal("/nonexistent"),
      oomCounts: new OomCounts("/sys/fs/cgroup"),
      reported: new ReportedExits(),
      onDeath: () => {},
      waitsIn: () => null,
      seesStatusOf: () => true,
    }),
    kernel: USUAL_KERNEL_CONSTANTS,
    clock: systemClock,
    sink,
  });
  const signal = new AbortController().signal;
  const durationsUs: number[] = [];
  const cpuUs: number[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    const tsMs = turn * INTERVAL_MS;
    churn?.();
    const start = performance.now();
    const before = process.cpuUsage();
    collector.collect({ tsMs, tsUs: tsMs * 1000, signal });
    const { user, system } = process.cpuUsage(before);
    cpuUs.push(user + system);
    durationsUs.push((performance.now() - start) * 1000);
  }
  const { processes, keptFiles, slowTurns } = collector.stats;
  collector.close();
  // The first turns read what says what each process is.
  const settled = durationsUs.slice(TURNS / 2).sort((a, b) => a - b);
  const mean = settled.reduce((sum, us) => sum + us, 0) / settled.length;
  const later = cpuUs.slice(TURNS / 2);
  const cpu = later.reduce((sum, us) => sum + us, 0) / later.length;
  return {
    what,
    processes,
    kept_files: keptFiles,
    slow_turns: slowTurns,
    first_turn_us: Math.round(durationsUs[0] ?? 0),
    mean_turn_us: Math.round(mean),
    p95_turn_us: Math.round(settled[Math.floor(settled.length * 0.95)] ?? 0),
    us_per_process: Number((mean / processes).toFixed(2)),
    samples_per_turn: Math.round(samples / TURNS),
    events_per_turn: Math.round(events / TURNS),
    mean_cpu_us: Math.round(cpu),
    core_percent_at_1s: Number((cpu / 1e4).toFixed(2)),
    core_percent_at_5s: Number((cpu / 5e4).toFixed(2)),
  };
}

/** Stores as the real sink does, but throws the batches away. */
function countingSink(counted: (samples: number) => void): SampleSink {
  const series = new SeriesRegistry({ maxSeries: 1e6, maxSeriesPerMetric: 1e6 });
  const latest = new LatestValues({
    maxSeries: 1e6,
    onListenerError: (error) => {
      throw error;
    },
  });
  const builder = new SampleBatchBuilder();
  let ids: number[] = [];
  let values: number[] = [];
  const clear = () => {
    ids = [];
    values = [];
  };
  return {
    generation: 0,
    resolve: (name, kind, unit, labels, service = "") =>
      series.resolve(name, kind, unit, [...labels], service),
    push(id, tsUs, value) {
      builder.push(id, tsUs, value);
      ids.push(id);
      values.push(value);
    },
    commit(tsUs) {
      latest.record(tsUs, ids, values, ids.length, INTERVAL_MS * 3);
      counted(ids.length);
      builder.finish();
      clear();
    },
    discard: clear,
    forget: (seriesIds) => latest.forget(seriesIds),
  };
}

function writeTree(root: string, processes: number): void {
  const write = (path: string, text: string) => Deno.writeTextFileSync(join(root, path), text);
  write("stat", "cpu  1 2 3 4\ncpu0 1 2 3 4\nbtime 1700000000\n");
  for (let pid = 1; pid <= processes; pid++) writeProcess(root, pid);
}

function writeProcess(root: string, pid: number): void {
  const write = (path: string, text: string) => Deno.writeTextFileSync(join(root, path), text);
  Deno.mkdirSync(join(root, `${pid}/fd`), { recursive: true });
  const ppid = pid === 1 ? 0 : 1;
  write(
    `${pid}/stat`,
    `${pid} (worker-${pid}) S ${ppid} 1 1 0 -1 4194560 14253 1094 107 12 ${pid} 45 0 0 20 0 4 0 ` +
      `${
        pid * 7
      } 226975744 3102 18446744073709551615 1 1 0 0 0 0 671173123 4096 1260 0 0 0 17 1 0 0\n`,
  );
  write(
    `${pid}/status`,
    `Name:\tworker-${pid}\nState:\tS (sleeping)\nTgid:\t${pid}\nUid:\t1000\t1000\t1000\t1000\n` +
      "VmRSS:\t   12408 kB\nThreads:\t4\nvoluntary_ctxt_switches:\t1234\nnonvoluntary_ctxt_switches:\t56\n",
  );
  write(`${pid}/io`, "rchar: 1\nwchar: 1\nread_bytes: 4096\nwrite_bytes: 8192\n");
  write(`${pid}/cmdline`, `/usr/bin/worker\0--id=${pid}\0`);
  write(`${pid}/cgroup`, `0::/system.slice/worker-${pid}.service\n`);
  write(
    `${pid}/limits`,
    "Limit                     Soft Limit           Hard Limit           Units     \n" +
      "Max open files            1024                 524288               files     \n",
  );

  Deno.symlinkSync("/usr/bin/worker", join(root, `${pid}/exe`));
}

if (import.meta.main) await main();
