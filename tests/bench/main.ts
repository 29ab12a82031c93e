// deno-lint-ignore-file no-console -- a command: it talks to the terminal
/**
 * Measures Horizon against its targets and prints one JSON object; what it is at goes to standard
 * error. `deno task bench [--only NAME,NAME] [--seconds N] [--quick] [--executable] [--against FILE]`,
 * where NAME is a figure's name. A figure that misses its target is no failure; one that cannot be
 * measured (lost rows, wrong answers) is: it is reported, and the exit code is 1. So is one that is worse
 * by more than a quarter than in FILE, which an earlier run printed: on another machine, or with other
 * work beside it, that says nothing.
 */
import { cpus, totalmem } from "node:os";
import process from "node:process";
import { parseArgs } from "node:util";
import { VERSION } from "../../mod/version.ts";
import { CHURN } from "./churn.ts";
import { IDLE_COST, MANY_PROCESSES_COST, PACED_COST, START } from "./cost.ts";
import { EXECUTABLE_SIZE } from "./executable_size.ts";
import { INGEST_PARTS } from "./ingest.ts";
import { LOG_FILES } from "./log_files.ts";
import { METRIC_QUERIES } from "./metric_queries.ts";
import type { BenchOptions, Part } from "./part.ts";
import { PROMETHEUS_DECODE } from "./prometheus.ts";
import { LOG_SEARCH, TRACE_BY_ID } from "./record_queries.ts";
import { REDACTION_COST } from "./redaction.ts";
import { readEarlier, regressions } from "./regressions.ts";
import { ROLLUP_QUERIES } from "./rollup_queries.ts";
import { judged, type JudgedFigure } from "./report.ts";

const PARTS: readonly Part[] = [
  ...INGEST_PARTS,
  LOG_FILES,
  PROMETHEUS_DECODE,
  REDACTION_COST,
  PACED_COST,
  IDLE_COST,
  MANY_PROCESSES_COST,
  START,
  EXECUTABLE_SIZE,
  METRIC_QUERIES,
  ROLLUP_QUERIES,
  TRACE_BY_ID,
  LOG_SEARCH,
  CHURN,
];
/** Long enough that what is put off, such as sealing, has to be paid within it. */
const DEFAULT_SECONDS = 60;
const QUICK_SECONDS = 3;
/** Two runs of the same program on a shared machine differ by up to this share. */
const TOLERANCE = 0.25;

interface Failure {
  readonly figures: readonly string[];
  readonly error: string;
}

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: args.filter((word) => word !== "--"),
    options: {
      only: { type: "string" },
      seconds: { type: "string" },
      quick: { type: "boolean", default: false },
      executable: { type: "boolean", default: false },
      against: { type: "string" },
    },
  });
  const names = PARTS.flatMap((part) => part.figures);
  const wanted = values.only?.split(",") ?? names;
  const unknown = wanted.filter((name) => !names.includes(name));
  const seconds = Number(values.seconds ?? (values.quick ? QUICK_SECONDS : DEFAULT_SECONDS));
  if (unknown.length > 0 || !(seconds > 0)) {
    console.error(
      unknown.length > 0
        ? `no figure ${unknown.join(", ")}; there are: ${names.join(", ")}`
        : `--seconds ${values.seconds}: not a number above 0`,
    );
    return 2;
  }
  // Read before anything is measured: a wrong name is told at once.
  const earlier = values.against === undefined
    ? []
    : readEarlier(await Deno.readTextFile(values.against));
  const options: BenchOptions = {
    program: values.executable ? "executable" : "source",
    seconds,
    quick: values.quick,
  };
  const loadAverage = Deno.loadavg()[0];
  const figures: JudgedFigure[] = [];
  const failures: Failure[] = [];
  for (const part of PARTS.filter((one) => one.figures.some((name) => wanted.includes(name)))) {
    console.error(`measuring ${part.figures.join(", ")}`);
    try {
      const measured = await part.run(options);
      figures.push(...measured.filter(({ name }) => wanted.includes(name)).map(judged));
    } catch (error) {
      failures.push({ figures: part.figures, error: explained(error) });
    }
  }
  const machine = {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memory_gib: Math.round(totalmem() / 1024 ** 3),
    deno: Deno.version.deno,
    // Of the minute before: whether something else was running.
    load_average: loadAverage,
  };
  const { program, quick } = options;
  const worse = regressions(figures, earlier, TOLERANCE)
    .map(({ worseBy, ...figure }) => ({ ...figure, worse_by: worseBy }));
  console.log(
    JSON.stringify(
      { version: VERSION, program, quick, machine, figures, failures, worse },
      null,
      2,
    ),
  );
  return failures.length === 0 && worse.length === 0 ? 0 : 1;
}

/** An error with what caused it: a failed Horizon's log is in the first, the reason in the cause. */
function explained(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${explained(error.cause)}; ${error.message}`;
}

process.exitCode = await main(Deno.args);
