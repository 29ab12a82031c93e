/** What a process uses, as Linux' `/proc` tells. */

/** Unit of CPU time in `/proc/<pid>/stat`; 100 on every Linux that Deno runs on. */
const TICKS_PER_SECOND = 100;

/** CPU seconds that a process has used so far, all its threads together. */
export function cpuSeconds(pid: number): number {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Resident memory of a process, MiB. */
export function rssMib(pid: number): number {
  const kib = /VmRSS:\s+(\d+)/.exec(Deno.readTextFileSync(`/proc/${pid}/status`))?.[1];
  return Number(kib) / 1024;
}

/** Share of one core that a process uses over the next `seconds`, in percent. */
export async function cpuPercent(pid: number, seconds: number): Promise<number> {
  const before = cpuSeconds(pid);
  const startedMs = performance.now();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  return (cpuSeconds(pid) - before) / ((performance.now() - startedMs) / 1_000) * 100;
}
