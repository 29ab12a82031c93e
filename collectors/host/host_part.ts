import type { Clock } from "../../mod/clock.ts";
import type { Collector, Tick } from "../collector.ts";
import type { HostFiles } from "../host_files.ts";
import type { KernelConstants } from "../kernel_constants.ts";
import type { Metric } from "../metric.ts";
import type { SampleSink } from "../sample_sink.ts";
import type { Timers } from "../scheduler.ts";

/** What a part of the host collector works with. */
export interface HostContext {
  readonly sink: SampleSink;
  readonly proc: HostFiles;
  readonly sys: HostFiles;
  readonly kernel: KernelConstants;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly timeoutMs: number;
}

/** Looks once and pushes what it saw. */
export type Look = (tick: Tick) => Promise<void> | void;

/** One subject of the host: its metrics, and how to look at it. */
export interface HostPart {
  readonly name: string;
  readonly metrics: Readonly<Record<string, Metric>>;
  /** Called once; the answer is called on every tick. `notes` is told of what is unavailable. */
  readonly create: (context: HostContext, notes: Set<string>) => Look;
}

/** A host part as a collector: what it pushed is committed if it ends within its time. */
export function hostCollector(
  part: HostPart,
  context: HostContext,
  intervalMs: number,
): Collector {
  const notes = new Set<string>();
  const look = part.create(context, notes);
  return {
    name: part.name,
    intervalMs,
    timeoutMs: context.timeoutMs,
    async collect(tick) {
      try {
        const looking = look(tick);
        if (looking !== undefined) await looking;
        if (!tick.signal.aborted) context.sink.commit(tick.tsUs);
      } finally {
        context.sink.discard();
      }
    },
    get unavailable() {
      return [...context.proc.unavailable, ...context.sys.unavailable, ...notes];
    },
    close() {},
  };
}
