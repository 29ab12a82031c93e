import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type DeathCause,
  type DeathEvidence,
  explainDeath,
  isCrash,
  NO_EVIDENCE,
} from "../../../../mod/processes/death.ts";
import { type ExitStatus, parseWaitStatus } from "../../../../mod/processes/wait_status.ts";

const exited = (code: number): ExitStatus => ({ kind: "exited", code });
const by = (signal: string): ExitStatus => ({ kind: "signalled", signal, coreDumped: false });
const zombie = (status: ExitStatus) => ({ exit: { status, source: "zombie" } as const });
const OOM = { oomLine: "Memory cgroup out of memory: Killed process 7 (w)" };
const IN_CGROUP = { cgroupOomKills: 2, cgroup: "/app" };

/** What is found, and what it means: cause, certainty, exit code, signal, whether it is a crash. */
const CASES: readonly (readonly [
  found: Partial<DeathEvidence>,
  cause: DeathCause,
  certainty: string,
  exitCode: number | null,
  signal: string | null,
  crash: boolean,
])[] = [
  [{}, "unknown", "none", null, null, false],
  [zombie(exited(0)), "exited", "exact", 0, null, false],
  [zombie(exited(3)), "failed", "exact", 3, null, true],
  [zombie(by("SIGSEGV")), "crashed", "exact", null, "SIGSEGV", true],
  [zombie(by("SIGABRT")), "crashed", "exact", null, "SIGABRT", true],
  [zombie(by("SIGSYS")), "crashed", "exact", null, "SIGSYS", true],
  [zombie(by("SIGKILL")), "killed", "exact", null, "SIGKILL", true],
  [zombie(by("SIGTERM")), "terminated", "exact", null, "SIGTERM", false],
  [zombie(by("SIGXCPU")), "limit_exceeded", "exact", null, "SIGXCPU", true],
  // The kernel's own words about this very process are the best there are.
  [OOM, "oom_killed", "exact", null, "SIGKILL", true],
  [{ ...OOM, ...zombie(by("SIGKILL")) }, "oom_killed", "exact", null, "SIGKILL", true],
  // It was chosen, but ended by itself before the kernel came to it.
  [{ ...OOM, ...zombie(exited(1)) }, "failed", "exact", 1, null, true],
  // Somebody in the cgroup was killed: it may have been this one, unless it ended otherwise.
  [IN_CGROUP, "oom_killed", "likely", null, "SIGKILL", true],
  [{ ...IN_CGROUP, ...zombie(by("SIGKILL")) }, "oom_killed", "likely", null, "SIGKILL", true],
  [{ ...IN_CGROUP, ...zombie(exited(0)) }, "exited", "exact", 0, null, false],
  [{ ...IN_CGROUP, ...zombie(by("SIGTERM")) }, "terminated", "exact", null, "SIGTERM", false],
  // The kernel writes about a fault, but nobody saw the end.
  [{ faultLine: "w[7]: segfault at 0 ip 0" }, "crashed", "likely", null, "SIGSEGV", true],
  [
    { faultLine: "traps: w[7] trap invalid opcode ip:0" },
    "crashed",
    "likely",
    null,
    "SIGILL",
    true,
  ],
  [{ faultLine: "traps: w[7] trap divide error ip:0" }, "crashed", "likely", null, "SIGFPE", true],
  // What systemd says of the unit.
  [{ unit: "a.service", unitResult: "oom-kill" }, "oom_killed", "likely", null, "SIGKILL", true],
  [{ unit: "a.service", unitResult: "timeout" }, "timed_out", "likely", null, null, true],
  [
    { unit: "a.service", unitResult: "watchdog", ...zombie(by("SIGABRT")) },
    "timed_out",
    "exact",
    null,
    "SIGABRT",
    true,
  ],
  [{ unit: "a.service", unitResult: "core-dump" }, "crashed", "likely", null, null, true],
];

Deno.test("explainDeath: the best evidence decides", () => {
  for (const [found, cause, certainty, exitCode, signal, crash] of CASES) {
    const death = explainDeath({ ...NO_EVIDENCE, ...found });
    const { evidence, ...rest } = death;
    const said = JSON.stringify(found);
    assert.deepEqual(rest, { cause, certainty, exitCode, signal }, said);
    assert.ok(evidence.length > 0, said);
    assert.equal(isCrash(death, false), crash, said);
    assert.equal(isCrash(death, true), crash || cause === "unknown", said);
  }
});

Deno.test("explainDeath: names its evidence", () => {
  const death = explainDeath({
    ...NO_EVIDENCE,
    ...zombie(by("SIGKILL")),
    ...IN_CGROUP,
    limits: { open_files: 0.95, processes: 0.1 },
  });
  assert.deepEqual(death.evidence, [
    "SIGKILL, by its exit status in /proc",
    "2 OOM kills in cgroup /app",
    "open_files at 95 % of its limit",
  ]);
});

Deno.test("parseWaitStatus: codes, signals and cores; what no ended process has is refused", () => {
  assert.deepEqual(parseWaitStatus(0), exited(0));
  assert.deepEqual(parseWaitStatus(3 << 8), exited(3));
  assert.deepEqual(parseWaitStatus(9), by("SIGKILL"));
  assert.deepEqual(parseWaitStatus(11 | 0x80), {
    kind: "signalled",
    signal: "SIGSEGV",
    coreDumped: true,
  });
  assert.deepEqual(parseWaitStatus(40), by("SIG40"));
  for (const status of [0x7f, 0x137f, 0x80, -1, 1.5, 0x10000, NaN]) {
    assert.equal(parseWaitStatus(status), null, String(status));
  }
});

Deno.test("parseWaitStatus: any number is taken apart or refused", () => {
  fc.assert(fc.property(fc.oneof(fc.integer(), fc.double()), (status) => {
    const parsed = parseWaitStatus(status);
    if (parsed?.kind === "exited") assert.ok(parsed.code >= 0 && parsed.code <= 255);
    if (parsed?.kind === "signalled") assert.match(parsed.signal, /^SIG[A-Z0-9]+$/);
  }));
});
