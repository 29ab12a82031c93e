import { z } from "zod";
import { contradiction, whenRight } from "./contradiction.ts";
import { Forward, type ForwardConfig } from "./forward_config.ts";
import { attributeNames, safePattern } from "./pattern_scalars.ts";
import { type ProcessorConfig, Processors } from "./processor_config.ts";
import { Sampling, type SamplingConfig } from "./sampling_config.ts";
import { flag, text } from "./scalars.ts";
import { Timestamps, type TimestampsConfig } from "./timestamps_config.ts";

/** A secret's shape that only the operator knows. */
export interface RedactPattern {
  /** In the counter that says how often it was found. */
  readonly name: string;
  /** A regular expression (JavaScript, `u` flag) with bounded repetitions. */
  readonly pattern: string;
  /** Texts are looked at only when one of these is in them; none: every text is. */
  readonly contains: readonly string[];
}

/** `pipeline.redact`: what never reaches the store. */
export interface RedactConfig {
  readonly enabled: boolean;
  readonly cards: boolean;
  readonly emails: boolean;
  readonly span_names: boolean;
  readonly attributes: readonly string[];
  readonly keep_attributes: readonly string[];
  readonly patterns: readonly RedactPattern[];
}

/** `pipeline`: what happens to telemetry before it is stored. */
export interface PipelineConfig {
  readonly timestamps: TimestampsConfig;
  readonly processors: readonly ProcessorConfig[];
  readonly sampling: SamplingConfig;
  readonly redact: RedactConfig;
  readonly forward: readonly ForwardConfig[];
}

/** As they are written in the file. */
export const PIPELINE_DEFAULTS = {
  redact: { enabled: true, cards: false, emails: false, span_names: true },
} as const;

const MAX_PATTERNS = 16;
const MAX_LITERALS = 16;
/** Shorter ones are in almost every text. */
const MIN_LITERAL_BYTES = 3;

const Pattern = z.strictObject({
  name: text(32, "lower-case letters, digits and underscores; at most 32")
    .refine((name) => /^[a-z][a-z0-9_]*$/.test(name), { error: "is not a name" })
    .describe("Name of the pattern in the counter of what was taken out."),
  pattern: safePattern().describe("What is taken out wherever it is found."),
  contains: z.array(
    text(64, `text of ${MIN_LITERAL_BYTES} bytes at least`).refine(
      (literal) => new TextEncoder().encode(literal).length >= MIN_LITERAL_BYTES,
      { error: "is too short" },
    ),
    { error: "is not a list" },
  ).max(MAX_LITERALS, { error: `has more than ${MAX_LITERALS} entries` }).prefault([])
    .describe("Look only at texts with one of these in them, in any case. Faster by far."),
});

const Redact = z
  .strictObject({
    enabled: flag().prefault(PIPELINE_DEFAULTS.redact.enabled)
      .describe("Take credentials, and what else is said here, out of all texts."),
    cards: flag().prefault(PIPELINE_DEFAULTS.redact.cards)
      .describe("Numbers of payment cards as well."),
    emails: flag().prefault(PIPELINE_DEFAULTS.redact.emails).describe("E-mail addresses as well."),
    span_names: flag().prefault(PIPELINE_DEFAULTS.redact.span_names)
      .describe("Look at the names of spans as well."),
    attributes: attributeNames().prefault([])
      .describe("Attributes whose value is a secret, besides those whose name tells."),
    keep_attributes: attributeNames().prefault([])
      .describe("Attributes that stay as they are."),
    patterns: z.array(Pattern, { error: "is not a list" }).max(MAX_PATTERNS, {
      error: `has more than ${MAX_PATTERNS} entries`,
    }).prefault([]).describe("Own patterns of what is to be taken out."),
  })
  .superRefine(({ attributes, keep_attributes }, ctx) => {
    const secret = new Set(attributes.map((name) => name.toLowerCase()));
    keep_attributes.forEach((name, i) => {
      if (!secret.has(name.toLowerCase())) return;
      contradiction(
        ctx,
        ["keep_attributes", i],
        "is among attributes too",
        "a name in one of both",
      );
    });
  }, whenRight("attributes", "keep_attributes"))
  .superRefine(({ patterns }, ctx) => {
    patterns.forEach(({ name }, i) => {
      if (patterns.findIndex((other) => other.name === name) === i) return;
      contradiction(
        ctx,
        ["patterns", i, "name"],
        "is the name of an earlier pattern",
        "a name of its own",
      );
    });
  }, whenRight("patterns"));

export const PipelineSection: z.ZodType<PipelineConfig> = z
  .strictObject({
    timestamps: Timestamps.prefault({}).describe("Times that cannot be right."),
    processors: Processors.prefault([])
      .describe("Steps that drop, change and count records, in their order."),
    sampling: Sampling.prefault({}).describe("Which spans are stored when not all of them are."),
    redact: Redact.prefault({}).describe("Secrets that never reach the store."),
    forward: Forward.prefault([]).describe("Receivers that kept telemetry is sent on to."),
  })
  .describe("What happens to telemetry before it is stored.");
