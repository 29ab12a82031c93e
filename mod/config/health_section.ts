import { z } from "zod";
import { dependencyCycle } from "../health/dependency.ts";
import { CHECK_ROLES, type CheckRole } from "../health/health_state.ts";
import { contradiction, type IssueContext, whenRight } from "./contradiction.ts";
import { type CheckTarget, checkTarget, TARGET_KEYS, TARGETS } from "./health_targets.ts";
import { choice, count, duration, text } from "./scalars.ts";

/** One check of `health.checks`. */
export interface HealthCheckConfig {
  readonly name: string;
  /** Null: it speaks for the host. */
  readonly service: string | null;
  readonly as: CheckRole;
  readonly target: CheckTarget;
  readonly interval_ms: number;
  /** Never longer than the interval. */
  readonly timeout_ms: number;
  readonly initial_delay_ms: number;
  /** Runs in a row that make it worse, and better. */
  readonly failures: number;
  readonly successes: number;
}

/** `health`: what is asked again and again whether it is well. */
export interface HealthConfig {
  readonly flapping_changes: number;
  readonly flapping_window_ms: number;
  readonly checks: readonly HealthCheckConfig[];
}

/** As they are written in the file. */
export const HEALTH_DEFAULTS = {
  flapping_changes: 4,
  flapping_window: "10m",
  as: "liveness",
  interval: "10s",
  /** Milliseconds, or the interval, if that is shorter. */
  timeout: 2_000,
  initial_delay: "0s",
  failures: 3,
  successes: 1,
} as const;

/** Each check may run at the same time as all others. */
export const MAX_CHECKS = 256;

const Check = z
  .strictObject({
    name: text(64, "letters, digits, `.`, `_` and `-`, such as orders-api").refine(
      (name) => /^[A-Za-z0-9][\w.-]*$/.test(name),
      { error: "is not a name of letters, digits, `.`, `_` and `-`" },
    ).describe("Name of the check; no other has it."),
    service: text(128, "a service name, as `service.name` has it").optional()
      .describe("The service that it speaks for. Not set: the host."),
    as: choice(CHECK_ROLES).prefault(HEALTH_DEFAULTS.as)
      .describe("Whether it tells that the service runs, can take requests, or has started."),
    interval: duration("100ms", "1h").prefault(HEALTH_DEFAULTS.interval)
      .describe("Time between two runs."),
    timeout: duration("10ms", "10m").optional()
      .describe("How long one run may take. Default 2s, or interval if that is shorter."),
    initial_delay: duration("0s", "1h").prefault(HEALTH_DEFAULTS.initial_delay)
      .describe("How long the first run waits."),
    failures: count(1, 100).prefault(HEALTH_DEFAULTS.failures)
      .describe("Runs in a row that must be worse for the state to become worse."),
    successes: count(1, 100).prefault(HEALTH_DEFAULTS.successes)
      .describe("Runs in a row that must be better for the state to become better."),
    ...TARGETS,
  })
  .superRefine((check, ctx) => {
    const given = TARGET_KEYS.filter((key) => check[key] !== undefined);
    if (given.length === 1) return;
    const [path, message] = given.length === 0
      ? [[], "says nothing to check"]
      : [[given[1]!], `stands beside ${given[0]}: a check looks at one thing`];
    contradiction(ctx, path, message, `one of ${TARGET_KEYS.join(", ")}`);
  }, whenRight())
  .superRefine((check, ctx) => {
    if (check.timeout !== undefined && check.timeout > check.interval) {
      contradiction(ctx, ["timeout"], "is longer than interval", "a duration up to interval");
    }
  }, whenRight("interval", "timeout"))
  .transform(({ interval, timeout, initial_delay, service, ...rest }): HealthCheckConfig => ({
    name: rest.name,
    service: service ?? null,
    as: rest.as,
    target: checkTarget(rest),
    interval_ms: interval,
    timeout_ms: timeout ?? Math.min(HEALTH_DEFAULTS.timeout, interval),
    initial_delay_ms: initial_delay,
    failures: rest.failures,
    successes: rest.successes,
  }));

export const HealthSection: z.ZodType<HealthConfig> = z
  .strictObject({
    flapping_changes: count(2, 100).prefault(HEALTH_DEFAULTS.flapping_changes)
      .describe("So many changes of a check's state within flapping_window are flapping."),
    flapping_window: duration("10s", "24h").prefault(HEALTH_DEFAULTS.flapping_window)
      .describe("The time in which changes are counted."),
    checks: z.array(Check, { error: "is not a list" }).max(MAX_CHECKS, {
      error: `has more than ${MAX_CHECKS} entries`,
    }).prefault([]).describe("What is asked again and again whether it is well."),
  })
  .superRefine(({ checks }, ctx) => {
    checkNames(checks, ctx);
    checkDependencies(checks, ctx);
  }, whenRight("checks"))
  .transform(({ flapping_window, ...rest }) => ({
    ...rest,
    flapping_window_ms: flapping_window,
  }))
  .describe("What is asked again and again whether it is well.");

function checkNames(checks: readonly HealthCheckConfig[], ctx: IssueContext): void {
  const seen = new Set<string>();
  checks.forEach(({ name }, i) => {
    if (seen.has(name)) {
      contradiction(
        ctx,
        ["checks", i, "name"],
        "is the name of another check",
        "a name of its own",
      );
    }
    seen.add(name);
  });
}

/** A dependency must be a check that is there, and no check may depend on itself. */
function checkDependencies(checks: readonly HealthCheckConfig[], ctx: IssueContext): void {
  const names = new Set(checks.map(({ name }) => name));
  const dependencies = new Map<string, readonly string[]>();
  let unknown = false;
  checks.forEach(({ name, target }, i) => {
    if (target.kind !== "dependency") return;
    dependencies.set(name, target.checks);
    target.checks.forEach((other, k) => {
      if (names.has(other)) return;
      unknown = true;
      contradiction(
        ctx,
        ["checks", i, "dependency", "checks", k],
        "is the name of no check",
        "the name of another check",
      );
    });
  });
  const cycle = unknown ? null : dependencyCycle(dependencies);
  if (cycle === null) return;
  const at = checks.findIndex(({ name }) => name === cycle[0]);
  contradiction(
    ctx,
    ["checks", at, "dependency", "checks"],
    `leads back to the check itself: ${cycle.join(" -> ")}`,
    "checks that do not depend on this one",
  );
}
