import type { PipelineConfig } from "../config/pipeline_section.ts";
import type { Registries } from "../intern/registries.ts";
import { CounterTable } from "./counter_table.ts";
import { Pipeline } from "./pipeline.ts";
import { buildProcessor } from "./processors/build_processors.ts";
import { redactStage } from "./redact/redact_stage.ts";
import type { Redactor } from "./redact/redactor.ts";
import type { Stage } from "./stage.ts";

export interface PipelineParts {
  readonly registries: Registries;
  /** Null where nothing is to be redacted. */
  readonly redactor: Redactor | null;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * The pipeline as the configuration has it. Secrets are looked for last, in what will be stored.
 * @throws HorizonError `invalid_argument` when a variable of the environment is missing
 */
export function buildPipeline(
  config: PipelineConfig,
  { registries, redactor, env }: PipelineParts,
): Pipeline {
  const counters = new CounterTable();
  const stages: Stage[] = config.processors.map((one) =>
    buildProcessor(one, { registries, counters, env })
  );
  if (redactor !== null) {
    stages.push(redactStage(redactor, registries.attributeKeys, config.redact.span_names));
  }
  const counting = config.processors.some(({ action }) => action === "count");
  return new Pipeline({ stages, redactor, counters, counting });
}
