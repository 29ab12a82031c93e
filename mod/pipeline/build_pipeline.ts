import type { PipelineConfig } from "../config/pipeline_section.ts";
import type { Registries } from "../intern/registries.ts";
import { Pipeline } from "./pipeline.ts";
import { redactStage } from "./redact/redact_stage.ts";
import type { Redactor } from "./redact/redactor.ts";
import type { Stage } from "./stage.ts";

export interface PipelineParts {
  readonly registries: Registries;
  /** Null where nothing is to be redacted. */
  readonly redactor: Redactor | null;
}

/** The pipeline as the configuration has it. Secrets are looked for last, in what will be stored. */
export function buildPipeline(
  config: PipelineConfig,
  { registries, redactor }: PipelineParts,
): Pipeline {
  const stages: Stage[] = [];
  if (redactor !== null) {
    stages.push(redactStage(redactor, registries.attributeKeys, config.redact.span_names));
  }
  return new Pipeline(stages, redactor);
}
