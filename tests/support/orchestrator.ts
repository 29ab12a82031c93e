import { fileURLToPath } from "node:url";
import { PATIENCE_MS, until } from "./until.ts";

const WORKER = fileURLToPath(new URL("../fixtures/orchestrator_worker.ts", import.meta.url));

/** A subprocess that was started to misbehave. */
export interface Misbehaver {
  readonly pid: number;
  kill(signal: Deno.Signal): void;
}

/** A subprocess written for Deno, told when to misbehave. */
export interface Worker extends Misbehaver {
  /** Lets it, and waits until it has; a worker that dies of it has as well. */
  go(): Promise<void>;
}

/**
 * Starts real subprocesses that misbehave, as an orchestrator does whose services are ill. All of
 * them end with it.
 */
export class Orchestrator {
  readonly #children: Deno.ChildProcess[] = [];
  readonly #pids: number[] = [];
  readonly #folders: string[] = [];

  /**
   * A shell script. Its parent is a program that never asks for its exit status, so that it stays a
   * zombie; with `reaped` it is this process, which asks at once.
   */
  async script(text: string, { reaped = false } = {}): Promise<Misbehaver> {
    if (reaped) {
      const child = this.#spawn("sh", ["-c", text]);
      return { pid: child.pid, kill: (signal) => Deno.kill(child.pid, signal) };
    }
    const holder = this.#spawn("sh", ["-c", `(${text}) & echo $!; exec sleep 1000`]);
    const reader = holder.stdout.getReader();
    const { value } = await reader.read();
    await reader.cancel();
    const pid = Number(new TextDecoder().decode(value).trim());
    this.#pids.push(pid);
    // Until it is the sleeper its arguments hold the script, and it is taken for what it started.
    await until(
      "the parent has become the sleeper",
      PATIENCE_MS,
      () => Deno.readTextFileSync(`/proc/${holder.pid}/cmdline`).startsWith("sleep\0") || null,
    );
    return { pid, kill: (signal) => Deno.kill(pid, signal) };
  }

  /** A worker whose parent is this process. `prefix`: shell commands before it, such as `ulimit`. */
  async worker(kind: string, prefix = ""): Promise<Worker> {
    const run = `exec "${Deno.execPath()}" run --quiet --allow-all "${WORKER}" ${kind}`;
    const child = this.#spawn("sh", ["-c", `${prefix}\n${run}`]);
    const output = child.stdout.getReader();
    await output.read();
    return {
      pid: child.pid,
      kill: (signal) => Deno.kill(child.pid, signal),
      go: async () => {
        const writer = child.stdin.getWriter();
        await writer.write(new Uint8Array(1));
        writer.releaseLock();
        await output.read();
      },
    };
  }

  /** A folder of a memory cgroup with this limit, v1 or v2; null where none can be made. */
  memoryCgroup(limitBytes: number): { procs: string; path: string } | null {
    const name = `horizon-test-${Deno.pid}-${this.#folders.length}`;
    for (
      const [root, limit] of [
        ["/sys/fs/cgroup/memory", "memory.limit_in_bytes"],
        ["/sys/fs/cgroup", "memory.max"],
      ] as const
    ) {
      const folder = `${root}/${name}`;
      try {
        Deno.mkdirSync(folder);
        this.#folders.push(folder);
        Deno.writeTextFileSync(`${folder}/${limit}`, String(limitBytes));
        return { procs: `${folder}/cgroup.procs`, path: `/${name}` };
      } catch {
        // Not this hierarchy.
      }
    }
    return null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pid of [...this.#pids, ...this.#children.map(({ pid }) => pid)]) {
      try {
        Deno.kill(pid, "SIGKILL");
      } catch {
        // It has ended.
      }
    }
    for (const child of this.#children) {
      await child.status;
      await child.stdin.close().catch(() => {});
      if (!child.stdout.locked) await child.stdout.cancel();
    }
    for (const folder of this.#folders) {
      await until("the cgroup is empty", PATIENCE_MS, () => {
        try {
          Deno.removeSync(folder);
          return true;
        } catch {
          return null;
        }
      });
    }
  }

  #spawn(program: string, args: string[]): Deno.ChildProcess {
    const child = new Deno.Command(program, {
      args,
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#children.push(child);
    return child;
  }
}

/** Why no memory cgroup can be made here; null where one can. */
export async function cgroupProblem(): Promise<string | null> {
  await using orchestrator = new Orchestrator();
  return orchestrator.memoryCgroup(1 << 25) === null ? "no memory cgroup can be made here" : null;
}

/** Resolves once a process has ended, asked for or not. */
export async function ended(pid: number): Promise<void> {
  await until(`the end of ${pid}`, PATIENCE_MS, () => {
    try {
      return / [ZX] /.test(Deno.readTextFileSync(`/proc/${pid}/stat`)) ? true : null;
    } catch {
      return true;
    }
  });
}
