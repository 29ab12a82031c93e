/** What a process is doing, in the words of OpenTelemetry's `process.state` where it has one. */
export type ProcessState =
  | "running"
  | "sleeping"
  /** Uninterruptible, usually waiting for a device (`D`). */
  | "blocked"
  | "stopped"
  /** A zombie: it has ended and its parent has not asked for its exit code (`Z`). */
  | "defunct"
  /** A kernel thread with nothing to do (`I`). */
  | "idle"
  | "unknown";

/**
 * A process of this host as it was last seen. Its identity is (pid, start time): a pid is given
 * again after a process has ended. Times are milliseconds since the Unix epoch. A value is null
 * when it could not be read, or has not been measured yet.
 */
export interface ProcessRow {
  readonly pid: number;
  readonly ppid: number;
  readonly startTimeMs: number;
  /** The kernel's short name (`comm`), at most 15 bytes. */
  readonly name: string;
  /** Path of the program file; null for kernel threads and where it may not be read. */
  readonly executable: string | null;
  /** Arguments joined by spaces; secrets are redacted, and it is cut at 4,096 bytes. */
  readonly commandLine: string | null;
  /** Name of the effective user, or the user's number where it has no name. */
  readonly user: string | null;
  readonly state: ProcessState;
  /** The service group it belongs to. */
  readonly service: string | null;
  /** Path in the cgroup hierarchy. */
  readonly cgroup: string | null;
  /** Of the container that the cgroup belongs to, 64 hexadecimal digits. */
  readonly containerId: string | null;
  /** CPU time used per time passed since the sight before; 1 is one core. */
  readonly cpuRatio: number | null;
  readonly rssBytes: number | null;
  readonly virtualBytes: number | null;
  /** Proportional share of memory: what is shared counts divided by its sharers. */
  readonly pssBytes: number | null;
  readonly threads: number | null;
  readonly openFds: number | null;
  /** Soft limit of open descriptors; null when unlimited or not known. */
  readonly fdLimit: number | null;
  readonly readBytesPerSecond: number | null;
  readonly writeBytesPerSecond: number | null;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  /** The first look that found it gone; null while it runs. */
  readonly exitedAtMs: number | null;
}
