import type { ExitStatus } from "./wait_status.ts";

/** Why a process is no more. */
export const DEATH_CAUSES = [
  /** It ended by itself with code 0. */
  "exited",
  /** It ended by itself with another code. */
  "failed",
  /** A signal that a fault of its own raises: SIGSEGV, SIGABRT and the like. */
  "crashed",
  /** The kernel ended it because memory ran out. */
  "oom_killed",
  /** SIGKILL of somebody else. */
  "killed",
  /** A signal that asks it to end. */
  "terminated",
  /** It used more CPU time, or wrote a larger file, than it may. */
  "limit_exceeded",
  /** Its supervisor lost patience: it did not start, stop or answer in time. */
  "timed_out",
  /** It is gone, and nothing says how it ended. */
  "unknown",
] as const;
export type DeathCause = typeof DEATH_CAUSES[number];

/** Who says how it ended. */
export type ExitSource =
  /** What started it, which waited for it. */
  | "reported"
  /** `/proc/<pid>/stat` while its parent had not asked yet. */
  | "zombie"
  /** The journal, where systemd writes how the processes of its units ended. */
  | "journal";

/** What could be found out about a death. */
export interface DeathEvidence {
  readonly exit: { readonly status: ExitStatus; readonly source: ExitSource } | null;
  /** The kernel's line about this very process when it chose it to free memory. */
  readonly oomLine: string | null;
  /** OOM kills in its cgroup since it was looked at before: of it, or of others there. */
  readonly cgroupOomKills: number;
  readonly cgroup: string | null;
  /** The kernel's line about a fault of this very process, such as a segfault. */
  readonly faultLine: string | null;
  /** `Result` of its unit: `oom-kill`, `timeout`, `watchdog`, `core-dump`, …; null when not known. */
  readonly unitResult: string | null;
  readonly unit: string | null;
  /** Shares in use of what bounds it, when it was seen last, in [0, 1] and above. */
  readonly limits: Readonly<Record<string, number>>;
}

export const NO_EVIDENCE: DeathEvidence = {
  exit: null,
  oomLine: null,
  cgroupOomKills: 0,
  cgroup: null,
  faultLine: null,
  unitResult: null,
  unit: null,
  limits: {},
};

export interface Death {
  readonly cause: DeathCause;
  /** Null when it is not known, or a signal ended it. */
  readonly exitCode: number | null;
  /** Such as `SIGKILL`; null when none ended it, or it is not known. */
  readonly signal: string | null;
  /** `exact`: somebody saw it; `likely`: put together; `none`: nothing was found. */
  readonly certainty: "exact" | "likely" | "none";
  /** What says so, one sentence each. */
  readonly evidence: readonly string[];
}

/** Signals that a program brings upon itself. */
const FAULT_SIGNALS: ReadonlySet<string> = new Set([
  ...["SIGSEGV", "SIGABRT", "SIGBUS", "SIGILL", "SIGFPE", "SIGTRAP", "SIGSYS", "SIGSTKFLT"],
]);
const LIMIT_SIGNALS: ReadonlySet<string> = new Set(["SIGXCPU", "SIGXFSZ"]);
const TIMEOUT_RESULTS: ReadonlySet<string> = new Set(["timeout", "watchdog", "start-limit-hit"]);
/** From here on a limit that it was close to is worth a sentence. */
const NEAR_LIMIT = 0.9;

const SOURCES: Readonly<Record<ExitSource, string>> = {
  reported: "its parent, which waited for it",
  zombie: "its exit status in /proc",
  journal: "the journal",
};

/**
 * Says why a process ended, of the best evidence there is: a status that somebody saw, then what the
 * kernel or systemd wrote about this very process, then what happened around it.
 */
export function explainDeath(found: DeathEvidence): Death {
  const status = found.exit?.status ?? null;
  const signal = status?.kind === "signalled" ? status.signal : null;
  const exitCode = status?.kind === "exited" ? status.code : null;
  const evidence = sentences(found);
  const death = (cause: DeathCause, certainty: Death["certainty"], by = signal): Death => ({
    cause,
    exitCode,
    signal: by,
    certainty,
    evidence,
  });
  // Only SIGKILL is the kernel's way to free memory; another signal or a code speaks against it.
  const mayBeOom = status === null || signal === "SIGKILL";
  if (mayBeOom && found.oomLine !== null) return death("oom_killed", "exact", "SIGKILL");
  if (status === null) {
    if (found.faultLine !== null) return death("crashed", "likely", faultSignal(found.faultLine));
    if (found.unitResult === "oom-kill") return death("oom_killed", "likely", "SIGKILL");
    if (found.cgroupOomKills > 0) return death("oom_killed", "likely", "SIGKILL");
    if (TIMEOUT_RESULTS.has(found.unitResult ?? "")) return death("timed_out", "likely");
    if (found.unitResult === "core-dump") return death("crashed", "likely");
    return death("unknown", "none");
  }
  if (signal === null) return death(exitCode === 0 ? "exited" : "failed", "exact");
  if (signal === "SIGKILL" && (found.unitResult === "oom-kill" || found.cgroupOomKills > 0)) {
    return death("oom_killed", "likely");
  }
  if (TIMEOUT_RESULTS.has(found.unitResult ?? "")) return death("timed_out", "exact");
  if (FAULT_SIGNALS.has(signal)) return death("crashed", "exact");
  if (LIMIT_SIGNALS.has(signal)) return death("limit_exceeded", "exact");
  return death(signal === "SIGKILL" ? "killed" : "terminated", "exact");
}

function sentences(found: DeathEvidence): string[] {
  const said: string[] = [];
  const { exit, oomLine, faultLine, cgroupOomKills, cgroup, unit, unitResult } = found;
  if (exit !== null) said.push(`${describeStatus(exit.status)}, by ${SOURCES[exit.source]}`);
  if (oomLine !== null) said.push(`kernel log: ${oomLine}`);
  if (faultLine !== null) said.push(`kernel log: ${faultLine}`);
  if (cgroupOomKills > 0) {
    said.push(`${cgroupOomKills} OOM kill${cgroupOomKills === 1 ? "" : "s"} in cgroup ${cgroup}`);
  }
  if (unitResult !== null) said.push(`journal: result of ${unit} is ${unitResult}`);
  if (said.length === 0) {
    said.push("it was gone between two looks, and its exit status with it");
  }
  for (const [name, share] of Object.entries(found.limits)) {
    if (share >= NEAR_LIMIT) said.push(`${name} at ${Math.round(share * 100)} % of its limit`);
  }
  return said;
}

/** Such as `exit code 3` or `SIGSEGV, core dumped`. */
export function describeStatus(status: ExitStatus): string {
  if (status.kind === "exited") return `exit code ${status.code}`;
  return status.coreDumped ? `${status.signal}, core dumped` : status.signal;
}

/** The signal that the kernel sends for a fault that it writes about. */
function faultSignal(line: string): string {
  if (/invalid opcode/.test(line)) return "SIGILL";
  if (/divide error|SIMD|x87/.test(line)) return "SIGFPE";
  if (/trap int3|trap debug/.test(line)) return "SIGTRAP";
  return "SIGSEGV";
}

/** Whether a death is one that somebody should look into. `watched`: so is any that is not known. */
export function isCrash({ cause }: Death, watched: boolean): boolean {
  switch (cause) {
    case "crashed":
    case "oom_killed":
    case "failed":
    case "killed":
    case "limit_exceeded":
    case "timed_out":
      return true;
    case "unknown":
      return watched;
    case "exited":
    case "terminated":
      return false;
  }
}
