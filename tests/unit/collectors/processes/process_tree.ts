import { join } from "node:path";

export interface FakeProcess {
  readonly name?: string;
  readonly state?: string;
  readonly ppid?: number;
  readonly userTicks?: number;
  readonly systemTicks?: number;
  readonly startTicks?: number;
  readonly rssPages?: number;
  readonly kernelThread?: boolean;
  readonly exiting?: boolean;
  readonly args?: readonly string[];
  readonly executable?: string;
  readonly cgroup?: string;
  readonly readBytes?: number;
  readonly writeBytes?: number;
  readonly fds?: number;
  readonly threads?: number;
  readonly startStack?: number;
  readonly waitStatus?: number;
}

/** A `/proc` of made-up processes that come, change and go. */
export class ProcessTree {
  readonly root: string;

  private constructor(root: string) {
    this.root = root;
  }

  static async with(run: (tree: ProcessTree) => Promise<void> | void): Promise<void> {
    const tree = new ProcessTree(await Deno.makeTempDir());
    try {
      tree.#write("stat", "cpu  1 1 1 1\ncpu0 1 1 1 1\ncpu1 1 1 1 1\nbtime 1000000\n");
      tree.#write("self/limits", "Max open files  100  100  files\n");
      await run(tree);
    } finally {
      await Deno.remove(tree.root, { recursive: true });
    }
  }

  /** Adds a process, or replaces what it is by now. */
  set(pid: number, process: FakeProcess = {}): void {
    const {
      name = `p${pid}`,
      state = "S",
      ppid = 1,
      userTicks = 0,
      systemTicks = 0,
      startTicks = pid * 100,
      rssPages = 10,
      kernelThread = false,
      exiting = false,
      args = [],
      executable,
      cgroup = "/",
      readBytes = 0,
      writeBytes = 0,
      fds = 0,
      threads = 4,
      startStack = 0,
      waitStatus = 0,
    } = process;
    const flags = (kernelThread ? 0x00200040 : 0x00400100) | (exiting ? 0x4 : 0);
    this.#write(
      `${pid}/stat`,
      `${pid} (${name}) ${state} ${ppid} 1 1 0 -1 ${flags} 5 0 2 0 ${userTicks} ${systemTicks} ` +
        `0 0 20 0 ${threads} 0 ${startTicks} 8192 ${rssPages} 0 0 0 ${startStack} ` +
        `${"0 ".repeat(23)}${waitStatus}\n`,
    );
    this.#write(
      `${pid}/status`,
      "Uid:\t0\t0\t0\t0\nvoluntary_ctxt_switches:\t3\nnonvoluntary_ctxt_switches:\t4\n",
    );
    this.#write(`${pid}/io`, `read_bytes: ${readBytes}\nwrite_bytes: ${writeBytes}\n`);
    this.#write(`${pid}/limits`, "Max open files  1024  4096  files\n");
    this.#write(`${pid}/cmdline`, args.map((arg) => `${arg}\0`).join(""));
    this.#write(`${pid}/cgroup`, `0::${cgroup}\n`);
    this.#clear(`${pid}/fd`);
    Deno.mkdirSync(join(this.root, `${pid}/fd`));
    for (let fd = 0; fd < fds; fd++) {
      Deno.symlinkSync(`/var/file${fd}`, join(this.root, `${pid}/fd/${fd}`));
    }
    this.#clear(`${pid}/exe`);
    if (executable === undefined) return;
    Deno.symlinkSync(executable, join(this.root, `${pid}/exe`));
  }

  remove(pid: number): void {
    Deno.removeSync(join(this.root, String(pid)), { recursive: true });
  }

  /** Writes any file of a process, such as a damaged one. */
  write(pid: number, file: string, text: string): void {
    this.#write(`${pid}/${file}`, text);
  }

  /** How many processes the kernel has made since boot. */
  setForks(forks: number): void {
    this.#write(
      "stat",
      `cpu  1 1 1 1\ncpu0 1 1 1 1\ncpu1 1 1 1 1\nbtime 1000000\nprocesses ${forks}\n`,
    );
  }

  /** A cgroup below `<root>/cgroup`, with what its `memory.events` says. */
  setCgroup(name: string, memoryEvents: string): void {
    this.#write(`cgroup/${name}/memory.events`, memoryEvents);
  }

  #clear(path: string): void {
    try {
      Deno.removeSync(join(this.root, path), { recursive: true });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  #write(path: string, text: string): void {
    const whole = join(this.root, path);
    Deno.mkdirSync(join(whole, ".."), { recursive: true });
    Deno.writeTextFileSync(whole, text);
  }
}
