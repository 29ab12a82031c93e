import type { Signal } from "../../columns/column.ts";
import { encodeUtf8 } from "../../columns/utf8_text.ts";
import type { ProcessedSignal, ProcessorConfig } from "../../config/processor_config.ts";
import { assert, HorizonError } from "../../errors.ts";
import { type AttributeKeys, KEY_REFUSED } from "../../intern/attribute_keys.ts";
import type { Registries } from "../../intern/registries.ts";
import type { CounterTable } from "../counter_table.ts";
import { type Environment, expandVariables } from "../expand_variables.ts";
import type { Stage } from "../stage.ts";
import { type AttributeEdit, editAttributes } from "./edit_attributes.ts";
import { filterStage } from "./filter_stage.ts";
import { logCounterStage } from "./log_counter.ts";
import { logSamplingStage } from "./log_sampling.ts";
import { RowMatcher } from "./row_matcher.ts";

export interface ProcessorParts {
  readonly registries: Registries;
  readonly counters: CounterTable;
  readonly env: Environment;
  /** In [0, 1). */
  readonly random: () => number;
}

const SIGNALS: Readonly<Record<ProcessedSignal, readonly Signal[]>> = {
  spans: ["spans"],
  logs: ["logs"],
  metrics: ["metrics", "histograms"],
};

/** @throws HorizonError `invalid_argument` when a variable of the environment is missing, or there is no room for an attribute */
export function buildProcessor(config: ProcessorConfig, parts: ProcessorParts): Stage {
  const signals = config.signals.flatMap((signal) => SIGNALS[signal]);
  const stage = stageOf(config, parts);
  return {
    apply: (batch, ledger) => signals.includes(batch.signal) ? stage.apply(batch, ledger) : batch,
  };
}

function stageOf(config: ProcessorConfig, parts: ProcessorParts): Stage {
  const { registries, counters, env, random } = parts;
  const matcher = new RowMatcher(config.when, registries);
  const keys = registries.attributeKeys;
  switch (config.action) {
    case "drop":
    case "keep":
      return filterStage(config.name, matcher, config.action === "drop");
    case "count": {
      const { metric, by } = config;
      assert(metric !== null, "a processor that counts has a metric");
      return logCounterStage({ metric, by, matcher, counters, keys });
    }
    case "sample": {
      const { name, share, keep_errors: keepErrors } = config;
      assert(share !== null, "a processor that samples has a share");
      return logSamplingStage({ name, matcher, share, keepErrors, keys, random });
    }
    case "set":
    case "rename":
    case "remove": {
      const edit = attributeEdit(config, keys, env);
      return { apply: (batch) => editAttributes(batch, matcher.match(batch), edit) };
    }
  }
}

function attributeEdit(
  { name, action, attributes, names }: ProcessorConfig,
  keys: AttributeKeys,
  env: ProcessorParts["env"],
): AttributeEdit {
  const pairs = Object.entries(attributes);
  // A row with the number of no key could not be read any more.
  const idToWrite = (key: string): number => {
    const id = keys.pinnedIdOf(key);
    if (id !== KEY_REFUSED) return id;
    throw new HorizonError(
      "invalid_argument",
      `pipeline.processors: ${name}: there is no room for the attribute ${key}: fewer must be named by all processors together`,
    );
  };
  return {
    removed: new Set(names.map((key) => keys.pinnedIdOf(key))),
    renamed: new Map(
      action === "rename" ? pairs.map(([from, to]) => [keys.pinnedIdOf(from), idToWrite(to)]) : [],
    ),
    set: new Map(
      action === "set"
        ? pairs.map((
          [key, value],
        ) => [
          idToWrite(key),
          encodeUtf8(expandVariables(value, env, `pipeline.processors: ${name}`)),
        ])
        : [],
    ),
  };
}
