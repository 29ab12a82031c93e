import {
  configuredScraping,
  type ScrapedProcesses,
  type Scraping,
} from "../../collectors/scrape/configured_scrape.ts";
import { systemTimers } from "../../collectors/scheduler.ts";
import { systemClock } from "../../mod/clock.ts";
import { type ScrapeConfig, ScrapeSection } from "../../mod/config/scrape_section.ts";
import { Intake } from "../../mod/intake/intake.ts";
import { SampleWriter } from "../../mod/intake/sample_writer.ts";
import type { Registries } from "../../mod/intern/registries.ts";
import { DEFAULT_OTLP_LIMITS } from "../../mod/otlp/limits.ts";
import { SourceRegistry } from "../../mod/sources/source_registry.ts";
import { MIB, type StoreFixture, withStore } from "./store_fixture.ts";

const NO_PROCESSES: ScrapedProcesses = { groups: [], procRoot: "/proc", rows: () => [] };

interface LogLine {
  readonly event: string;
  readonly fields: Record<string, unknown>;
}

export interface ScrapeFixture extends StoreFixture {
  readonly sources: SourceRegistry;
  readonly log: readonly LogLine[];
}

/** Runs the jobs of a configuration into a real store while `use` looks. */
export async function scraping(
  jobs: readonly unknown[],
  use: (fixture: ScrapeFixture) => Promise<void>,
  processes: ScrapedProcesses = NO_PROCESSES,
): Promise<void> {
  await withStore(async (fixture) => {
    const { intake, registries } = fixture;
    const sources = new SourceRegistry(systemClock);
    const log: LogLine[] = [];
    const running = builtScraping(
      ScrapeSection.parse({ jobs }),
      registries,
      intake,
      sources,
      log,
      processes,
    );
    running.start();
    try {
      await use({ ...fixture, sources, log });
    } finally {
      await running.stop();
      await intake.drain();
    }
  });
}

/** The jobs of a configuration, not started; without an intake nothing is kept. */
export function builtScraping(
  config: ScrapeConfig,
  registries: Registries,
  intake: Intake = keepingNothing(registries),
  sources: SourceRegistry = new SourceRegistry(systemClock),
  log: LogLine[] = [],
  processes: ScrapedProcesses = NO_PROCESSES,
): Scraping {
  const note = (event: string, fields: Record<string, unknown> = {}) => log.push({ event, fields });
  const limits = DEFAULT_OTLP_LIMITS;
  return configuredScraping(config, processes, {
    writer: new SampleWriter({ intake, registries, clock: systemClock, limits }),
    series: registries.series,
    sources,
    clock: systemClock,
    timers: systemTimers,
    random: () => 0,
    log: { info: note, warn: note },
    salt: 5,
  });
}

function keepingNothing(registries: Registries): Intake {
  const store = { append: () => Promise.resolve() };
  const limits = { maxPendingBytes: MIB, flushIntervalMs: 10, maxBatchRows: 1_000 };
  return new Intake(store, registries, limits, systemClock);
}
