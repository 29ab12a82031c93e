import { z } from "zod";
import { type AuthConfig, AuthSection } from "./auth_section.ts";
import { type CollectorsConfig, CollectorsSection } from "./collectors_section.ts";
import { type HealthConfig, HealthSection } from "./health_section.ts";
import { type CrashesConfig, CrashesSection } from "./crashes_section.ts";
import { type IngestConfig, IngestSection } from "./ingest_section.ts";
import { type LogsConfig, LogsSection } from "./logs_section.ts";
import { type LogConfig, LogSection } from "./log_section.ts";
import { type PipelineConfig, PipelineSection } from "./pipeline_section.ts";
import { type ReceiversConfig, ReceiversSection } from "./receivers_section.ts";
import { type ScrapeConfig, ScrapeSection } from "./scrape_section.ts";
import { type ServerConfig, ServerSection } from "./server_section.ts";
import { type StorageConfig, StorageSection } from "./storage_section.ts";

/**
 * The whole configuration, as the composition root uses it: checked, complete, names ending in
 * their unit. Each section is a file of its own: a new one is that file, and a line each in
 * `Config`, `SECTIONS` and `ConfigSchema`.
 */
export interface Config {
  readonly server: ServerConfig;
  readonly auth: AuthConfig;
  readonly storage: StorageConfig;
  readonly collectors: CollectorsConfig;
  readonly health: HealthConfig;
  readonly crashes: CrashesConfig;
  readonly scrape: ScrapeConfig;
  readonly ingest: IngestConfig;
  readonly pipeline: PipelineConfig;
  readonly receivers: ReceiversConfig;
  readonly logs: LogsConfig;
  readonly log: LogConfig;
}

/** The schema of each section, in the order in which documentation shows them. */
export const SECTIONS: { readonly [Name in keyof Config]: z.ZodType<Config[Name]> } = {
  server: ServerSection,
  auth: AuthSection,
  storage: StorageSection,
  collectors: CollectorsSection,
  health: HealthSection,
  crashes: CrashesSection,
  scrape: ScrapeSection,
  ingest: IngestSection,
  pipeline: PipelineSection,
  receivers: ReceiversSection,
  logs: LogsSection,
  log: LogSection,
};

/** The schema of a file. A section that is left out has its defaults. */
export const ConfigSchema: z.ZodType<Config> = z.strictObject({
  server: SECTIONS.server.prefault({}),
  auth: SECTIONS.auth.prefault({}),
  storage: SECTIONS.storage.prefault({}),
  collectors: SECTIONS.collectors.prefault({}),
  health: SECTIONS.health.prefault({}),
  crashes: SECTIONS.crashes.prefault({}),
  scrape: SECTIONS.scrape.prefault({}),
  ingest: SECTIONS.ingest.prefault({}),
  pipeline: SECTIONS.pipeline.prefault({}),
  receivers: SECTIONS.receivers.prefault({}),
  logs: SECTIONS.logs.prefault({}),
  log: SECTIONS.log.prefault({}),
}).describe("The configuration of Horizon (horizon.yaml).");

/** The JSON schema (draft 2020-12) of a file, for editors and for `horizon check config --schema`. */
export function configJsonSchema(): Readonly<Record<string, unknown>> {
  return z.toJSONSchema(ConfigSchema, { io: "input", target: "draft-2020-12" });
}

/** The configuration where nothing is said. */
export function defaultConfig(): Config {
  return ConfigSchema.parse({});
}
