import { z } from "zod";
import { contradiction } from "./contradiction.ts";
import { PROCESSED_SIGNALS, type ProcessedSignal } from "./processor_config.ts";
import { mappingProblem } from "./pattern_scalars.ts";
import { ALLOWED, choice, duration, size, text } from "./scalars.ts";

/** One receiver that kept telemetry is sent on to. */
export interface ForwardConfig {
  readonly name: string;
  /** Without a `/` at its end. */
  readonly endpoint: string;
  /** `${NAME}` stands for a variable of the environment. */
  readonly headers: Readonly<Record<string, string>>;
  readonly signals: readonly ProcessedSignal[];
  readonly max_queue_bytes: number;
  readonly timeout_ms: number;
  readonly give_up_after_ms: number;
}

/** As they are written in the file. */
const FORWARD_DEFAULTS = {
  max_queue_bytes: "32MiB",
  timeout: "10s",
  give_up_after: "10m",
} as const;

const MAX_SINKS = 4;
const MAX_HEADERS = 16;

const Endpoint = z.string({ error: "is not a URL" })
  .meta({
    [ALLOWED]: "the base URL of an OTLP/HTTP receiver, such as https://collector.example:4318",
  })
  .superRefine((value, ctx) => {
    const problem = endpointProblem(value);
    if (problem !== null) ctx.addIssue(problem);
  })
  .transform((value) => value.replace(/\/+$/, ""));

const Sink = z
  .strictObject({
    name: text(32, "lower-case letters, digits, dashes and underscores; at most 32")
      .refine((name) => /^[a-z][a-z0-9_-]*$/.test(name), { error: "is not a name" })
      .describe("Name of the sink in counters and in the log."),
    endpoint: Endpoint.describe("Base URL of an OTLP/HTTP receiver; /v1/traces and so on follow."),
    headers: z.record(
      text(128, "the name of a header").refine((name) => /^[\w-]+$/.test(name), {
        error: "is not the name of a header",
      }),
      text(4_096, "a value; ${NAME} stands for a variable of the environment"),
      { error: mappingProblem },
    ).refine((all) => Object.keys(all).length <= MAX_HEADERS, {
      error: `has more than ${MAX_HEADERS} entries`,
    }).prefault({}).describe("Headers of every request, such as authorization."),
    signals: z.array(choice(PROCESSED_SIGNALS), { error: "is not a list" })
      .min(1, { error: "is empty" }).prefault([...PROCESSED_SIGNALS])
      .describe("Signals that are sent on."),
    max_queue_bytes: size("1MiB", "1GiB").prefault(FORWARD_DEFAULTS.max_queue_bytes)
      .describe("Telemetry that waits to be sent; what is past it is dropped and counted."),
    timeout: duration("100ms", "5m").prefault(FORWARD_DEFAULTS.timeout)
      .describe("How long one request may take."),
    // Less than the time after which a series without samples is forgotten.
    give_up_after: duration("1s", "1h").prefault(FORWARD_DEFAULTS.give_up_after)
      .describe("How long a batch is tried before it is dropped and counted."),
  })
  .transform(({ timeout, give_up_after, ...rest }): ForwardConfig => ({
    ...rest,
    timeout_ms: timeout,
    give_up_after_ms: give_up_after,
  }));

/** The list of sinks. */
export const Forward: z.ZodType<ForwardConfig[]> = z.array(Sink, { error: "is not a list" })
  .max(MAX_SINKS, { error: `has more than ${MAX_SINKS} entries` })
  .superRefine((all, ctx) => {
    all.forEach(({ name }, i) => {
      if (all.findIndex((other) => other.name === name) === i) return;
      contradiction(ctx, [i, "name"], "is the name of an earlier sink", "a name of its own");
    });
  });

function endpointProblem(value: string): string | null {
  const url = URL.parse(value);
  if (url === null || !["http:", "https:"].includes(url.protocol)) return "is not an http(s) URL";
  if (url.username !== "" || url.password !== "") {
    return "has credentials in it: put them into headers";
  }
  if (url.search !== "" || url.hash !== "") return "has more than a base URL in it";
  return /\/v1\/(?:traces|metrics|logs)\/?$/.test(url.pathname)
    ? "is the URL of one signal: leave /v1/… out"
    : null;
}
