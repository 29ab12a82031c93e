import { z } from "zod";
import { contradiction, type IssueContext, whenRight } from "./contradiction.ts";
import { choice, decimal, flag, text } from "./scalars.ts";
import { attributeNames, mappingProblem, safePattern } from "./pattern_scalars.ts";

/** What a processor does. */
export const PROCESSOR_ACTIONS = [
  "drop",
  "keep",
  "set",
  "rename",
  "remove",
  "count",
  "sample",
] as const;
export type ProcessorAction = typeof PROCESSOR_ACTIONS[number];

/** What a processor can be for. Histograms go with metrics. */
export const PROCESSED_SIGNALS = ["spans", "logs", "metrics"] as const;
export type ProcessedSignal = typeof PROCESSED_SIGNALS[number];

const SEVERITIES = ["trace", "debug", "info", "warn", "error", "fatal"] as const;

/** Which records a processor is for: all that is not null must hold. */
export interface WhenConfig {
  readonly service: string | null;
  readonly name: string | null;
  readonly body: string | null;
  readonly severity_at_least: typeof SEVERITIES[number] | null;
  readonly severity_below: typeof SEVERITIES[number] | null;
  readonly attributes: Readonly<Record<string, string>>;
}

/** One step of `pipeline.processors`. */
export interface ProcessorConfig {
  readonly name: string;
  readonly action: ProcessorAction;
  readonly signals: readonly ProcessedSignal[];
  readonly when: WhenConfig;
  /** Of `set`: values by key. Of `rename`: new keys by old ones. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Of `remove`. */
  readonly names: readonly string[];
  /** Of `count`: the metric's name, and its labels besides the service. */
  readonly metric: string | null;
  readonly by: readonly string[];
  /** Of `sample`: the share of the records that match that is kept, and whether all errors are. */
  readonly share: number | null;
  readonly keep_errors: boolean;
}

/** Names of steps that are always there, in the same books. */
const RESERVED: ReadonlySet<string> = new Set([
  "sampling",
  "timestamps-future",
  "timestamps-past",
]);

const MAX_PROCESSORS = 64;
const MAX_CONDITIONS = 16;
const MAX_ATTRIBUTES = 32;
const MAX_LABELS = 8;

const When = z
  .strictObject({
    service: safePattern().optional().describe("Pattern found in the name of the service."),
    name: safePattern().optional()
      .describe("Pattern found in the name of the span, event or metric."),
    body: safePattern().optional().describe("Pattern found in the body of the log record."),
    severity_at_least: choice(SEVERITIES).optional().describe("Log records from this severity up."),
    severity_below: choice(SEVERITIES).optional().describe("Log records below this severity."),
    attributes: z.record(text(256, "the name of an attribute"), safePattern(), {
      error: mappingProblem,
    }).refine((all) => Object.keys(all).length <= MAX_CONDITIONS, {
      error: `has more than ${MAX_CONDITIONS} entries`,
    }).prefault({}).describe("Patterns found in the values of attributes or labels."),
  })
  .transform((when): WhenConfig => ({
    service: when.service ?? null,
    name: when.name ?? null,
    body: when.body ?? null,
    severity_at_least: when.severity_at_least ?? null,
    severity_below: when.severity_below ?? null,
    attributes: when.attributes,
  }));

const Processor = z
  .strictObject({
    name: text(32, "lower-case letters, digits, dashes and underscores; at most 32")
      .refine((name) => /^[a-z][a-z0-9_-]*$/.test(name), { error: "is not a name" })
      .describe("Name of the processor in the counter of what it dropped."),
    action: choice(PROCESSOR_ACTIONS).describe("What it does with the records that match."),
    signals: z.array(choice(PROCESSED_SIGNALS), { error: "is not a list" })
      .min(1, { error: "is empty" }).optional()
      .describe("Signals it is for. Default: spans and logs; of count and sample, logs."),
    when: When.prefault({}).describe("Records it is for; without a condition all."),
    attributes: z.record(
      text(256, "the name of an attribute"),
      text(1_024, "a value; ${NAME} stands for a variable of the environment"),
      { error: mappingProblem },
    ).refine((all) => Object.keys(all).length <= MAX_ATTRIBUTES, {
      error: `has more than ${MAX_ATTRIBUTES} entries`,
    }).prefault({}).describe("Of set: values by attribute. Of rename: new names by old ones."),
    names: attributeNames().prefault([]).describe("Of remove: attributes that go."),
    metric: text(128, "the name of a metric").refine((name) => /^[a-z][\w.]*$/i.test(name), {
      error: "is not the name of a metric",
    }).optional().describe("Of count: name of the counter."),
    by: z.array(text(256, "severity, or the name of an attribute"), { error: "is not a list" })
      .max(MAX_LABELS, { error: `has more than ${MAX_LABELS} entries` }).prefault([])
      .describe("Of count: labels of the counter besides the service."),
    share: decimal(0, 1).optional().describe(
      "Of sample: share of the matching records that is kept.",
    ),
    keep_errors: flag().optional()
      .describe("Of sample: keep all records of severity error and above. Default: true."),
  })
  .superRefine((one, ctx) => {
    needs(ctx, one.action, ["set", "rename"], "attributes", Object.keys(one.attributes).length > 0);
    needs(ctx, one.action, ["remove"], "names", one.names.length > 0);
    needs(ctx, one.action, ["count"], "metric", one.metric !== undefined);
    needs(ctx, one.action, ["sample"], "share", one.share !== undefined);
    if (one.action !== "sample" && one.keep_errors !== undefined) {
      contradiction(ctx, ["keep_errors"], "is for sample only", "nothing");
    }
    if (one.action !== "count" && one.by.length > 0) {
      contradiction(ctx, ["by"], "is for count only", "nothing");
    }
    if (one.action === "drop" || one.action === "keep") return;
    for (const [i, signal] of (one.signals ?? []).entries()) {
      const logsOnly = one.action === "count" || one.action === "sample";
      if (signal === "metrics" || logsOnly && signal === "spans") {
        const allowed = logsOnly ? "logs" : "spans or logs";
        contradiction(ctx, ["signals", i], `is not for ${one.action}`, allowed);
      }
    }
  }, whenRight("action", "signals", "attributes", "names", "metric", "by", "share", "keep_errors"))
  .transform(({ signals, metric, share, keep_errors, ...rest }): ProcessorConfig => ({
    ...rest,
    signals: signals ??
      (rest.action === "count" || rest.action === "sample" ? ["logs"] : ["spans", "logs"]),
    metric: metric ?? null,
    share: share ?? null,
    keep_errors: keep_errors ?? true,
  }));

/** The list of processors, in their order. */
export const Processors: z.ZodType<ProcessorConfig[]> = z
  .array(Processor, { error: "is not a list" })
  .max(MAX_PROCESSORS, { error: `has more than ${MAX_PROCESSORS} entries` })
  .superRefine((all, ctx) => {
    all.forEach(({ name }, i) => {
      if (all.findIndex((other) => other.name === name) === i && !RESERVED.has(name)) return;
      contradiction(
        ctx,
        [i, "name"],
        "is taken",
        `a name of its own, and not ${[...RESERVED].join(", ")}`,
      );
    });
  });

/** `key` must be there for these actions, and for no other. */
function needs(
  ctx: IssueContext,
  action: ProcessorAction,
  actions: readonly ProcessorAction[],
  key: string,
  given: boolean,
): void {
  if (actions.includes(action) === given) return;
  const message = given ? `is for ${actions.join(" and ")} only` : `is missing: ${action} needs it`;
  contradiction(ctx, [key], message, given ? "nothing" : `a value for ${key}`);
}
