import { type Finding, finding } from "../../../mod/health/health_state.ts";
import type { ProcessRow } from "../../../mod/processes/process_row.ts";
import type { Clock } from "../../../mod/clock.ts";
import { type Probe, simpleProbe } from "../probe.ts";

/** Which processes are meant. */
export type ProcessSelector =
  | { readonly by: "group"; readonly service: string }
  /** The kernel's short name, or the last part of the program file's path. */
  | { readonly by: "name"; readonly name: string }
  | { readonly by: "pid_file"; readonly path: string };

/** Processes as the collector last saw them; null while they are not collected. */
export type ProcessSource = () =>
  | { readonly tsMs: number; readonly processes: readonly ProcessRow[] }
  | null;

export interface ProcessLimits {
  readonly maxMemoryBytes: number | null;
  readonly maxCpuCores: number | null;
  readonly maxOpenFds: number | null;
  readonly maxFdShare: number | null;
}

export interface ProcessProbeOptions {
  readonly of: ProcessSelector;
  readonly processes: ProcessSource;
  readonly procRoot: string;
  readonly clock: Pick<Clock, "nowMs">;
}

/** A list of processes that is older says nothing any more. */
const MAX_AGE_MS = 30_000;

/** So many processes must run: no fewer than `min`, no more than `max` where that is given. */
export function processProbe(
  options: ProcessProbeOptions & { readonly min: number; readonly max: number | null },
): Probe {
  const { of, procRoot, min, max } = options;
  return simpleProbe(() => {
    if (of.by === "pid_file") return Promise.resolve(judgePidFile(of.path, procRoot, min));
    const running = selected(options);
    return Promise.resolve(
      "state" in running ? running : judgeCount(running.map(({ pid }) => pid), min, max),
    );
  });
}

/** No process, or all of them together, may use more than the limits say. */
export function limitsProbe(
  options: ProcessProbeOptions & { readonly limits: ProcessLimits },
): Probe {
  return simpleProbe(() => {
    const running = selected(options);
    return Promise.resolve("state" in running ? running : judgeLimits(running, options.limits));
  });
}

/** The running processes that are meant, or why that is not known. */
function selected({ of, processes, clock }: ProcessProbeOptions): readonly ProcessRow[] | Finding {
  const list = processes();
  if (list === null) return finding("unknown", "processes are not collected");
  if (list.tsMs === 0) return finding("unknown", "processes were not looked at yet");
  const ageMs = clock.nowMs() - list.tsMs;
  if (ageMs > MAX_AGE_MS) {
    return finding("unknown", `processes were last looked at ${Math.round(ageMs / 1000)} s ago`);
  }
  const running = list.processes.filter(({ exitedAtMs, state }) =>
    exitedAtMs === null && state !== "defunct"
  );
  if (of.by === "group") return running.filter(({ service }) => service === of.service);
  if (of.by === "name") return running.filter((process) => hasName(process, of.name));
  const pid = pidIn(of.path);
  return pid === null
    ? finding("unhealthy", `${of.path} has no pid`)
    : running.filter((process) => process.pid === pid);
}

/** What a number of running processes means. */
export function judgeCount(
  pids: readonly number[],
  min: number,
  max: number | null,
): Finding {
  const count = pids.length;
  const said = count === 1 ? `1 process runs` : `${count} processes run`;
  const output = count === 0 ? null : `pids ${pids.slice(0, 32).join(", ")}`;
  if (count < min) return { state: "unhealthy", message: `${said}, want ${min}`, output };
  if (max !== null && count > max) {
    return { state: "unhealthy", message: `${said}, want no more than ${max}`, output };
  }
  return { state: "healthy", message: said, output };
}

/** What processes may use, against what they do. What cannot be read makes it unknown. */
export function judgeLimits(running: readonly ProcessRow[], limits: ProcessLimits): Finding {
  if (running.length === 0) return finding("unknown", "no process runs");
  const over: string[] = [];
  const unread: string[] = [];
  const sum = (what: string, unit: string, max: number | null, of: keyof Numbers): void => {
    if (max === null) return;
    const values = running.map((process) => process[of]);
    const known = values.filter((value) => value !== null);
    const total = known.reduce((a, b) => a + b, 0);
    if (total > max) over.push(`${what} is ${shown(total)}${unit} of ${shown(max)}${unit}`);
    else if (known.length < values.length) unread.push(what);
  };
  sum("memory", " bytes", limits.maxMemoryBytes, "rssBytes");
  sum("CPU", " cores", limits.maxCpuCores, "cpuRatio");
  sum("open descriptors", "", limits.maxOpenFds, "openFds");
  if (limits.maxFdShare !== null) {
    for (const { pid, openFds, fdLimit } of running) {
      if (openFds === null) unread.push(`open descriptors of ${pid}`);
      else if (fdLimit !== null && openFds > limits.maxFdShare * fdLimit) {
        over.push(`process ${pid} has ${openFds} of ${fdLimit} descriptors open`);
      }
    }
  }
  if (over.length > 0) return finding("unhealthy", over.join("; "));
  if (unread.length > 0) return finding("unknown", `cannot be read: ${unread.join(", ")}`);
  return finding("healthy", "within its limits");
}

type Numbers = Pick<ProcessRow, "rssBytes" | "cpuRatio" | "openFds">;

function shown(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function hasName({ name, executable }: ProcessRow, wanted: string): boolean {
  // The kernel keeps 15 bytes of a name.
  return name === wanted.slice(0, 15) ||
    executable?.slice(executable.lastIndexOf("/") + 1) === wanted;
}

/** Looks at the one process of a pid file, which need not be among those that are collected. */
function judgePidFile(path: string, procRoot: string, min: number): Finding {
  const pid = pidIn(path);
  if (pid === null) return judgeMissing(`${path} has no pid`, min);
  let stat: string;
  try {
    stat = Deno.readTextFileSync(`${procRoot}/${pid}/stat`);
  } catch {
    return judgeMissing(`process ${pid} does not run`, min);
  }
  // The name in parentheses may hold anything; the state follows the last of them.
  const state = stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3);
  if (state === "Z" || state === "X") return judgeMissing(`process ${pid} has ended`, min);
  return finding("healthy", `process ${pid} runs`);
}

function judgeMissing(message: string, min: number): Finding {
  return finding(min === 0 ? "healthy" : "unhealthy", message);
}

/** The pid in a file; null when there is none in it, or no such file. */
function pidIn(path: string): number | null {
  try {
    const text = Deno.readTextFileSync(path).trim();
    return /^[1-9]\d{0,9}$/.test(text) ? Number(text) : null;
  } catch {
    return null;
  }
}
