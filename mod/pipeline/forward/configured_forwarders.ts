import type { ForwardConfig } from "../../config/forward_config.ts";
import type { ProcessedSignal } from "../../config/processor_config.ts";
import type { OtlpSignal } from "../../otlp/otlp_signal.ts";
import { type Environment, expandVariables } from "../expand_variables.ts";
import { Forwarder, type ForwarderOptions } from "./forwarder.ts";

const OTLP_SIGNALS: Readonly<Record<ProcessedSignal, OtlpSignal>> = {
  spans: "traces",
  logs: "logs",
  metrics: "metrics",
};

/** What all forwarders have in common. */
export type ForwarderParts = Pick<
  ForwarderOptions,
  "registries" | "fetch" | "clock" | "random" | "sleep" | "log"
>;

/** @throws HorizonError `invalid_argument` when a variable of the environment is missing */
export function configuredForwarders(
  sinks: readonly ForwardConfig[],
  env: Environment,
  parts: ForwarderParts,
): Forwarder[] {
  return sinks.map((sink) =>
    new Forwarder({
      ...parts,
      name: sink.name,
      endpoint: sink.endpoint,
      headers: Object.fromEntries(
        Object.entries(sink.headers).map(([name, value]) =>
          [name, expandVariables(value, env, `pipeline.forward: ${sink.name}`)] as const
        ),
      ),
      signals: sink.signals.map((signal) => OTLP_SIGNALS[signal]),
      maxQueueBytes: sink.max_queue_bytes,
      timeoutMs: sink.timeout_ms,
      giveUpAfterMs: sink.give_up_after_ms,
    })
  );
}

/** A pause that ends early when the signal aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
  });
}
