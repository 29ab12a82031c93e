import type { EventSeverity, HorizonEvent } from "../events/event.ts";
import { type Death, describeStatus } from "./death.ts";
import { processId } from "./process_identity.ts";
import type { ProcessRow } from "./process_row.ts";
import type { Restart } from "./restart_tracker.ts";

/** What happens to processes: `name` of the events of the stream `process`. */
export type ProcessEventName =
  /** It was seen for the first time. */
  | "start"
  /** It ran already when Horizon began to look. */
  | "found"
  /** It runs another program now, or the same one anew. */
  | "exec"
  | "exit"
  /** A program of a service came back soon after it had ended. */
  | "restart"
  | "restart_loop"
  /** What was in a loop of restarts has run for long enough. */
  | "restart_loop_end"
  /** It has ended, and its parent does not ask for its exit status. */
  | "zombie"
  /** It has been waiting in the kernel, and could not even be ended, for long. */
  | "stuck"
  | "unstuck";

type Attributes = HorizonEvent["attributes"];

/** An event about a process, with what identifies and describes it. */
function processEvent(
  name: ProcessEventName,
  row: ProcessRow,
  tsMs: number,
  severity: EventSeverity,
  message: string,
  attributes: Attributes = {},
  value: number | null = null,
): HorizonEvent {
  return {
    tsMs,
    stream: "process",
    name,
    subject: processId(row.pid, row.startTimeMs),
    service: row.service,
    pid: row.pid,
    severity,
    message,
    value,
    attributes: {
      start_time_us: row.startTimeMs * 1000,
      ppid: row.ppid,
      process: row.name,
      executable: row.executable,
      command_line: row.commandLine,
      user: row.user,
      cgroup: row.cgroup,
      container_id: row.containerId,
      ...attributes,
    },
  };
}

/** Such as `worker (pid 7, service shop)`. */
export function describeProcess(row: ProcessRow): string {
  const service = row.service === null ? "" : `, service ${row.service}`;
  return `${row.name} (pid ${row.pid}${service})`;
}

export function startEvent(row: ProcessRow): HorizonEvent {
  return processEvent("start", row, row.firstSeenMs, "info", `${describeProcess(row)} started`);
}

export function foundEvent(row: ProcessRow): HorizonEvent {
  const message = `${describeProcess(row)} was running already`;
  return processEvent("found", row, row.firstSeenMs, "info", message);
}

export function execEvent(row: ProcessRow, before: ProcessRow, tsMs: number): HorizonEvent {
  const message = `${describeProcess(row)} runs another program; it was ${before.name}`;
  return processEvent("exec", row, tsMs, "info", message, {
    previous_name: before.name,
    previous_executable: before.executable,
    previous_command_line: before.commandLine,
  });
}

/** `value` is the time it lived, seconds. */
export function exitEvent(row: ProcessRow, death: Death, tsMs: number): HorizonEvent {
  const livedS = Math.max(0, tsMs - row.startTimeMs) / 1000;
  const message = `${describeProcess(row)} ${describeDeath(death)}`;
  return processEvent("exit", row, tsMs, deathSeverity(death), message, {
    exit_code: death.exitCode,
    signal: death.signal,
    cause: death.cause,
    certainty: death.certainty,
    evidence: death.evidence.join("; "),
    state: row.state,
    rss_bytes: row.rssBytes,
    virtual_bytes: row.virtualBytes,
    pss_bytes: row.pssBytes,
    threads: row.threads,
    open_fds: row.openFds,
    fd_limit: row.fdLimit,
    first_seen_us: row.firstSeenMs * 1000,
    last_seen_us: row.lastSeenMs * 1000,
  }, livedS);
}

/** `value` is the number of restarts in a row. */
export function restartEvents(row: ProcessRow, restart: Restart, tsMs: number): HorizonEvent[] {
  const { inARow, downMs, loopBegins, backingOff } = restart;
  const attributes = {
    down_seconds: downMs / 1000,
    restarts_in_a_row: inARow,
    backing_off: String(backingOff),
  };
  const after = `${(downMs / 1000).toFixed(1)} s after it had ended`;
  const message = `${describeProcess(row)} was restarted ${after}`;
  const events = [processEvent("restart", row, tsMs, "warn", message, attributes, inARow)];
  if (!loopBegins) return events;
  const pace = backingOff ? ", in growing intervals" : "";
  const loop = `${describeProcess(row)} is in a restart loop: ${inARow} restarts in a row${pace}`;
  return [...events, processEvent("restart_loop", row, tsMs, "error", loop, attributes, inARow)];
}

export function loopEndEvent(row: ProcessRow, tsMs: number): HorizonEvent {
  const message = `${describeProcess(row)} is out of its restart loop`;
  return processEvent("restart_loop_end", row, tsMs, "info", message);
}

export function zombieEvent(row: ProcessRow, tsMs: number): HorizonEvent {
  const message = `${
    describeProcess(row)
  } has ended, and its parent (pid ${row.ppid}) does not ask for its exit status`;
  return processEvent("zombie", row, tsMs, "warn", message);
}

/** `value` is how long it has been stuck, seconds. */
export function stuckEvent(
  row: ProcessRow,
  tsMs: number,
  forMs: number,
  waitsIn: string | null,
): HorizonEvent {
  const where = waitsIn === null ? "" : `, in ${waitsIn}`;
  const message = `${describeProcess(row)} is stuck: it has been waiting in the kernel for ${
    Math.round(forMs / 1000)
  } s${where}`;
  return processEvent("stuck", row, tsMs, "warn", message, { waits_in: waitsIn }, forMs / 1000);
}

/** `value` is how long it was stuck, seconds. */
export function unstuckEvent(row: ProcessRow, tsMs: number, forMs: number): HorizonEvent {
  const message = `${describeProcess(row)} goes on, after ${Math.round(forMs / 1000)} s`;
  return processEvent("unstuck", row, tsMs, "info", message, {}, forMs / 1000);
}

/** Such as `was killed for memory`, to stand behind the name of a process. */
export function describeDeath({ cause, exitCode, signal }: Death): string {
  const by = signal === null ? "" : ` by ${signal}`;
  switch (cause) {
    case "exited":
      return "ended with exit code 0";
    case "failed":
      return `failed with ${describeStatus({ kind: "exited", code: exitCode ?? 0 })}`;
    case "crashed":
      return signal === null ? "crashed" : `crashed with ${signal}`;
    case "oom_killed":
      return "was killed by the kernel because memory ran out";
    case "killed":
    case "terminated":
      return `was ended${by}`;
    case "limit_exceeded":
      return `was ended${by}: it went past a limit`;
    case "timed_out":
      return "was ended by its supervisor, which had waited too long for it";
    case "unknown":
      return "is gone; nothing says how it ended";
  }
}

function deathSeverity({ cause }: Death): EventSeverity {
  switch (cause) {
    case "exited":
    case "terminated":
    case "unknown":
      return "info";
    case "killed":
      return "warn";
    case "failed":
    case "crashed":
    case "oom_killed":
    case "limit_exceeded":
    case "timed_out":
      return "error";
  }
}
