import type { PipelineConfig } from "../config/pipeline_section.ts";
import type { Registries } from "../intern/registries.ts";
import { CounterTable } from "./counter_table.ts";
import type { Environment } from "./expand_variables.ts";
import { configuredForwarders, type ForwarderParts } from "./forward/configured_forwarders.ts";
import { Pipeline } from "./pipeline.ts";
import { buildProcessor } from "./processors/build_processors.ts";
import { redactStage } from "./redact/redact_stage.ts";
import type { Redactor } from "./redact/redactor.ts";
import { AdaptiveRates } from "./sampling/adaptive_rates.ts";
import { headSampling } from "./sampling/head_sampling.ts";
import type { Stage } from "./stage.ts";
import { timestampStage } from "./timestamp_stage.ts";

export interface PipelineParts extends Omit<ForwarderParts, "registries"> {
  readonly registries: Registries;
  /** Null where nothing is to be redacted. */
  readonly redactor: Redactor | null;
  readonly env: Environment;
}

/**
 * The pipeline as the configuration has it. Secrets are looked for last, in what will be stored.
 * @throws HorizonError `invalid_argument` when a variable of the environment is missing
 */
export function buildPipeline(
  config: PipelineConfig,
  parts: PipelineParts,
): Pipeline {
  const { registries, redactor, env, clock, random } = parts;
  const counters = new CounterTable();
  const stages: Stage[] = [
    timestampStage(config.timestamps, clock),
    ...config.processors.map((one) => buildProcessor(one, { registries, counters, env, random })),
  ];
  const { sampling } = config;
  // Where only the tail is sampled, all pass, and are counted while all are there.
  const sampled = sampling.enabled || sampling.tail.enabled;
  if (sampled) {
    stages.push(headSampling({
      probability: sampling.enabled ? sampling.probability : 1,
      rates: !sampling.enabled || sampling.spans_per_second === null
        ? null
        : new AdaptiveRates(sampling.spans_per_second, clock),
      keepErrors: sampling.keep_errors,
      keepSlowerThanNs: sampling.keep_slower_than_ms * 1e6,
      counters,
      keys: registries.attributeKeys,
    }));
  }
  if (redactor !== null) {
    stages.push(redactStage(redactor, registries.attributeKeys, config.redact.span_names));
  }
  const counting = sampled || config.processors.some(({ action }) => action === "count");
  const forwarders = configuredForwarders(config.forward, env, parts);
  return new Pipeline({ stages, redactor, counters, counting, forwarders });
}
