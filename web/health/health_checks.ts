export type HealthStatus = "ok" | "degraded" | "failing";

export interface HealthFinding {
  readonly status: HealthStatus;
  /** One sentence for people. */
  readonly message: string;
}

/** One thing that Horizon watches about itself. */
export interface HealthCheck {
  readonly name: string;
  check(): HealthFinding | Promise<HealthFinding>;
}

export interface CheckedHealth extends HealthFinding {
  readonly name: string;
}

/** The worst status of all checks, and each check. */
export interface HealthReport {
  readonly status: HealthStatus;
  readonly checks: readonly CheckedHealth[];
}

/** Answers are reused for this long, so that probes cannot be turned into load. */
const REUSE_MS = 500;
/** A check that takes longer is failing. */
const CHECK_DEADLINE_MS = 1_000;

/**
 * Runs the checks side by side. A check that hangs is reported as failing and never delays
 * another; it is not started again while it hangs.
 */
export class HealthChecks {
  readonly #checks: readonly HealthCheck[];
  readonly #monotonicMs: () => number;
  readonly #deadlineMs: number;
  readonly #running = new Map<HealthCheck, Promise<CheckedHealth>>();
  #newest: { readonly atMs: number; readonly report: Promise<HealthReport> } | null = null;

  constructor(
    checks: readonly HealthCheck[],
    clock: { monotonicMs(): number },
    deadlineMs: number = CHECK_DEADLINE_MS,
  ) {
    this.#checks = checks;
    this.#monotonicMs = () => clock.monotonicMs();
    this.#deadlineMs = deadlineMs;
  }

  /** Never rejects: a check that throws is failing. */
  report(): Promise<HealthReport> {
    const now = this.#monotonicMs();
    if (this.#newest !== null && now - this.#newest.atMs < REUSE_MS) return this.#newest.report;
    const report = this.#runAll();
    this.#newest = { atMs: now, report };
    return report;
  }

  async #runAll(): Promise<HealthReport> {
    const checks = await Promise.all(this.#checks.map((check) => this.#runInTime(check)));
    return { status: worst(checks), checks };
  }

  async #runInTime(check: HealthCheck): Promise<CheckedHealth> {
    const late = Promise.withResolvers<CheckedHealth>();
    const timer = setTimeout(() =>
      late.resolve({
        name: check.name,
        status: "failing",
        message: `the check did not answer within ${this.#deadlineMs} ms`,
      }), this.#deadlineMs);
    try {
      return await Promise.race([this.#run(check), late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  #run(check: HealthCheck): Promise<CheckedHealth> {
    const running = this.#running.get(check);
    if (running !== undefined) return running;
    const started = finding(check).finally(() => this.#running.delete(check));
    this.#running.set(check, started);
    return started;
  }
}

async function finding(check: HealthCheck): Promise<CheckedHealth> {
  try {
    const { status, message } = await check.check();
    return { name: check.name, status, message };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { name: check.name, status: "failing", message };
  }
}

/** The worst of several; `ok` of none. */
export function worst(findings: readonly HealthFinding[]): HealthStatus {
  if (findings.some(({ status }) => status === "failing")) return "failing";
  return findings.some(({ status }) => status === "degraded") ? "degraded" : "ok";
}
