import { hostname } from "node:os";
import type { ExecCommand } from "../../mod/cli/command.ts";
import { type Clock, systemClock } from "../../mod/clock.ts";
import type { CapturedLine } from "../../mod/exec/captured_line.ts";
import { exitCodeOf, exitText, type ProcessExit } from "../../mod/exec/process_exit.ts";
import { Reporter } from "../../mod/exec/reporter.ts";
import { afterExit } from "../../mod/exec/restart_policy.ts";
import { systemTimers } from "../scheduler.ts";
import { capture } from "./capture.ts";
import { type Child, startChild, StartFailure } from "./child.ts";
import { type ChildExit, ReportClient } from "./report_client.ts";
import { relaySignals } from "./signal_relay.ts";

/** How long the end of the program waits for its last lines to be reported, milliseconds. */
const REPORT_DEADLINE_MS = 2_000;
const LINES_A_REQUEST = 2_000;
/** How long a line waits for company, milliseconds. */
const LINGER_MS = 200;
/** How long after the child's end its output may go on before the next step is taken, milliseconds. */
const OUTPUT_GRACE_MS = 1_000;
/** What a report takes in memory besides its text. */
const ITEM_BYTES = 100;

/**
 * Runs a command as if it had been called itself: same standard input, its output and signals
 * passed on, its exit code as the answer. What it writes becomes log records, and how it ends
 * is reported.
 */
export async function runExec(
  command: ExecCommand,
  say: (text: string) => void,
): Promise<number> {
  const supervisor = new Supervisor(command, systemClock, say);
  const stopRelay = relaySignals({
    terminal: Deno.stdin.isTerminal(),
    forward: (signal) => supervisor.forward(signal),
    onEnding: () => supervisor.end(),
  });
  try {
    return await supervisor.run();
  } finally {
    stopRelay();
  }
}

class Supervisor {
  readonly #command: ExecCommand;
  readonly #clock: Clock;
  readonly #say: (text: string) => void;
  readonly #lines: Reporter<CapturedLine>;
  readonly #exits: Reporter<ChildExit>;
  #child: Child | null = null;
  #ending = false;
  #wakeUp: () => void = () => {};
  #cancelKill: () => void = () => {};

  constructor(command: ExecCommand, clock: Clock, say: (text: string) => void) {
    this.#command = command;
    this.#clock = clock;
    this.#say = (text) => say(`horizon exec: ${text}\n`);
    const executable = command.argv[0].split("/").at(-1) ?? command.argv[0];
    const client = new ReportClient(command, {
      service: command.service,
      hostName: hostname(),
      executable,
    });
    // Both go to the same Horizon, so that most problems are of both: each is told once.
    let told: string | null = null;
    const shared = {
      timers: systemTimers,
      random: Math.random,
      onProblem: (problem: string | null) => {
        if (problem === told) return;
        told = problem;
        this.#say(problem === null ? "reports are taken again" : `nothing is reported: ${problem}`);
      },
    };
    this.#lines = new Reporter({
      ...shared,
      post: client.postLines,
      maxBatch: LINES_A_REQUEST,
      lingerMs: LINGER_MS,
    });
    // At once: it must be there before Horizon looks for the process and misses it.
    this.#exits = new Reporter({ ...shared, post: client.postExit, maxBatch: 1, lingerMs: 0 });
  }

  forward(signal: Deno.Signal): void {
    this.#child?.kill(signal);
  }

  /** Nothing is started again, and what runs is killed when it takes too long to end. */
  end(): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#cancelKill = systemTimers.after(this.#command.stopTimeoutMs, () => {
      if (this.#child?.kill("SIGKILL")) this.#say("it did not end in time and was killed");
    });
    this.#wakeUp();
  }

  /** Runs until it is not to be started again; the exit code. */
  async run(): Promise<number> {
    let restarts = 0;
    for (;;) {
      const startedMs = this.#clock.monotonicMs();
      const exit = await this.#runOnce();
      if (typeof exit === "number") return await this.#finish(exit);
      const ranMs = this.#clock.monotonicMs() - startedMs;
      const next = afterExit(this.#command.restart, exit, restarts, ranMs, Math.random());
      if (this.#ending || next.kind === "stop") {
        if (!this.#ending && next.kind === "stop" && next.reason === "too_many_restarts") {
          this.#say(`it ${exitText(exit)} and was restarted ${restarts} times in a row: giving up`);
        }
        return await this.#finish(exitCodeOf(exit));
      }
      this.#say(`it ${exitText(exit)}; restart ${next.restarts} in ${next.delayMs} ms`);
      restarts = next.restarts;
      await this.#pause(next.delayMs);
      if (this.#ending) return await this.#finish(exitCodeOf(exit));
    }
  }

  /** A number where it could not even be started: the exit code. */
  async #runOnce(): Promise<ProcessExit | number> {
    let child: Child;
    try {
      child = startChild(this.#command.argv, { OTEL_SERVICE_NAME: this.#command.service });
    } catch (error) {
      if (!(error instanceof StartFailure)) throw error;
      this.#say(error.message);
      return error.exitCode;
    }
    const { pid } = child;
    const startedMs = this.#clock.nowMs();
    this.#child = child;
    const onLine = (line: CapturedLine) => {
      if (this.#command.report) this.#lines.add(line, ITEM_BYTES + line.text.length * 2);
    };
    const shared = { pid, clock: this.#clock, onLine };
    const captured = Promise.all([
      capture(child.stdout, { ...shared, stream: "stdout", out: Deno.stdout }),
      capture(child.stderr, { ...shared, stream: "stderr", out: Deno.stderr }),
    ]);
    const exit = await child.exit;
    this.#child = null;
    if (this.#command.report) this.#exits.add({ pid, startedMs, exit }, ITEM_BYTES);
    await this.#outputEnds(captured);
    return exit;
  }

  async #finish(code: number): Promise<number> {
    this.#cancelKill();
    await Promise.all([
      this.#lines.close(REPORT_DEADLINE_MS),
      this.#exits.close(REPORT_DEADLINE_MS),
    ]);
    const { dropped, kept } = this.#lines.stats;
    if (dropped > 0 && kept > 0) this.#say(`${dropped} lines were not reported`);
    return code;
  }

  #pause(delayMs: number): Promise<void> {
    if (this.#ending) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = systemTimers.after(delayMs, resolve);
      this.#wakeUp = () => {
        cancel();
        resolve();
      };
    });
  }

  /** Descendants that outlive the child may hold its pipes open: they are not waited for. */
  async #outputEnds(captured: Promise<unknown>): Promise<void> {
    const late = Promise.withResolvers<void>();
    const cancel = systemTimers.after(OUTPUT_GRACE_MS, late.resolve);
    const ended = captured.catch((error: unknown) => {
      this.#say(`its output could not be read to its end: ${String(error)}`);
    });
    await Promise.race([ended, late.promise]);
    cancel();
  }
}
