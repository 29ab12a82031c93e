import assert from "node:assert/strict";
import type { ProcessExit } from "../../../../mod/exec/process_exit.ts";
import { exitCodeOf, exitText } from "../../../../mod/exec/process_exit.ts";
import {
  type AfterExit,
  afterExit,
  type RestartPolicy,
} from "../../../../mod/exec/restart_policy.ts";

const OK: ProcessExit = { kind: "code", code: 0 };
const FAILED: ProcessExit = { kind: "code", code: 3 };
const KILLED: ProcessExit = { kind: "signal", signal: "SIGKILL", number: 9 };

const POLICY: RestartPolicy = {
  mode: "on-failure",
  maxRestarts: null,
  firstDelayMs: 1_000,
  maxDelayMs: 60_000,
  stableAfterMs: 120_000,
};

const stop = (reason: "not_wanted" | "too_many_restarts"): AfterExit => ({ kind: "stop", reason });
const restart = (delayMs: number, restarts: number): AfterExit => ({
  kind: "restart",
  delayMs,
  restarts,
});

const CASES: readonly {
  name: string;
  policy?: Partial<RestartPolicy>;
  exit: ProcessExit;
  restarts?: number;
  ranMs?: number;
  random?: number;
  expected: AfterExit;
}[] = [
  { name: "never", policy: { mode: "never" }, exit: FAILED, expected: stop("not_wanted") },
  { name: "on-failure, success", exit: OK, expected: stop("not_wanted") },
  { name: "on-failure, code", exit: FAILED, expected: restart(1_000, 1) },
  { name: "on-failure, signal", exit: KILLED, expected: restart(1_000, 1) },
  { name: "always, success", policy: { mode: "always" }, exit: OK, expected: restart(1_000, 1) },
  { name: "the delay doubles", exit: FAILED, restarts: 3, expected: restart(8_000, 4) },
  { name: "up to its cap", exit: FAILED, restarts: 40, expected: restart(60_000, 41) },
  { name: "a tenth is random", exit: FAILED, random: 0.5, expected: restart(950, 1) },
  {
    name: "a long run begins anew",
    exit: FAILED,
    restarts: 9,
    ranMs: 120_000,
    expected: restart(1_000, 1),
  },
  {
    name: "too many in a row",
    policy: { maxRestarts: 3 },
    exit: FAILED,
    restarts: 3,
    expected: stop("too_many_restarts"),
  },
  {
    name: "none allowed",
    policy: { maxRestarts: 0 },
    exit: FAILED,
    expected: stop("too_many_restarts"),
  },
  {
    name: "too many, but the last ran for long",
    policy: { maxRestarts: 3 },
    exit: FAILED,
    restarts: 3,
    ranMs: 500_000,
    expected: restart(1_000, 1),
  },
];

for (const { name, policy, exit, restarts = 0, ranMs = 10, random = 0, expected } of CASES) {
  Deno.test(`afterExit: ${name}`, () => {
    assert.deepEqual(
      afterExit({ ...POLICY, ...policy }, exit, restarts, ranMs, random),
      expected,
    );
  });
}

Deno.test("exitCodeOf, exitText: as a shell tells it", () => {
  assert.equal(exitCodeOf(FAILED), 3);
  assert.equal(exitCodeOf(KILLED), 137);
  assert.equal(exitText(FAILED), "exited with code 3");
  assert.equal(exitText(KILLED), "was ended by SIGKILL");
});
