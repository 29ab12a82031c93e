import type { Clock } from "../../mod/clock.ts";
import { redactText } from "../../mod/log/secrets.ts";
import type { SampleWriter } from "../../mod/intake/sample_writer.ts";
import type { SeriesRegistry } from "../../mod/intern/series_registry.ts";
import { MetricFamilies } from "../../mod/prometheus/metric_families.ts";
import type { RelabelRule } from "../../mod/prometheus/relabel.ts";
import { ScrapeDecoder, type ScrapeLimits } from "../../mod/prometheus/scrape_decoder.ts";
import {
  type ScrapeTarget,
  scrapeTarget,
  type TargetDefaults,
} from "../../mod/prometheus/scrape_target.ts";
import type { TargetGroup } from "../../mod/prometheus/target_file.ts";
import type { SourceBook } from "../../mod/sources/source_book.ts";
import type { SourceRegistry } from "../../mod/sources/source_registry.ts";
import type { CollectorLog } from "../collector.ts";
import { Scheduler, type Timers } from "../scheduler.ts";
import type { ScrapeClient } from "./scrape_client.ts";
import { TargetCollector } from "./target_collector.ts";
import type { TargetDiscovery } from "./target_discovery.ts";

export interface ScrapeJobOptions {
  readonly defaults: TargetDefaults;
  /** Targets that stand in the configuration. */
  readonly targets: TargetGroup;
  /** Null where there are no others. */
  readonly discovery: TargetDiscovery | null;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly honorLabels: boolean;
  readonly honorTimestamps: boolean;
  readonly metricRelabel: readonly RelabelRule[];
  readonly limits: ScrapeLimits;
  readonly maxTargets: number;
  readonly client: ScrapeClient;
}

/** What all jobs share. */
export interface ScrapeParts {
  readonly writer: SampleWriter;
  readonly series: Pick<SeriesRegistry, "newestOf">;
  readonly sources: Pick<SourceRegistry, "open" | "close">;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: () => number;
  readonly log: CollectorLog;
  /** A random unsigned 32-bit number, so that nobody can craft keys that collide in caches. */
  readonly salt: number;
}

/** How often targets are looked for. */
const REFRESH_MS = 5_000;

interface RunningTarget {
  readonly scheduler: Scheduler;
  readonly book: SourceBook;
}

/** The targets of one job: found, scraped each on a schedule of its own, and ended when gone. */
export class ScrapeJob {
  readonly #options: ScrapeJobOptions;
  readonly #parts: ScrapeParts;
  readonly #running = new Map<string, RunningTarget>();
  /** Targets that went away and may still be in the middle of a scrape. */
  readonly #ending = new Set<Promise<void>>();
  /** What was told of targets last, so that it is told once. */
  #toldProblems = "";
  #cancelRefresh: (() => void) | null = null;
  #refreshing: Promise<void> = Promise.resolve();
  #stopping = false;

  constructor(options: ScrapeJobOptions, parts: ScrapeParts) {
    this.#options = options;
    this.#parts = parts;
  }

  start(): void {
    this.#sync();
    const { discovery } = this.#options;
    if (discovery !== null) this.#refreshing = this.#refresh(discovery);
  }

  /** Starts no more scrapes, and waits for those that run. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#cancelRefresh?.();
    await this.#refreshing;
    for (const key of [...this.#running.keys()]) this.#end(key);
    await Promise.all(this.#ending);
  }

  async #refresh(discovery: TargetDiscovery): Promise<void> {
    const { changed, problems } = await discovery.refresh();
    for (const { where, message } of problems) {
      this.#parts.log.warn("scrape_discovery", { job: this.#options.defaults.job, where, message });
    }
    if (this.#stopping) return;
    if (changed) this.#sync();
    this.#cancelRefresh = this.#parts.timers.after(REFRESH_MS, () => {
      this.#refreshing = this.#refresh(discovery);
    });
  }

  /** Starts what is new, ends what is gone; a target whose labels changed is another one. */
  #sync(): void {
    const wanted = this.#wanted();
    for (const key of [...this.#running.keys()]) if (!wanted.has(key)) this.#end(key);
    for (const [key, target] of wanted) if (!this.#running.has(key)) this.#begin(key, target);
  }

  #wanted(): Map<string, ScrapeTarget> {
    const { defaults, targets, discovery, maxTargets } = this.#options;
    const wanted = new Map<string, ScrapeTarget>();
    const problems: string[] = [];
    let leftOut = 0;
    for (const group of [targets, ...discovery?.groups() ?? []]) {
      for (const address of group.targets) {
        try {
          const target = scrapeTarget(address, group.labels, defaults);
          if (target === null) continue;
          const key = JSON.stringify([target.url, ...[...target.labels].sort()]);
          if (wanted.has(key)) continue;
          if (wanted.size >= maxTargets) leftOut++;
          else wanted.set(key, target);
        } catch (error) {
          problems.push(error instanceof Error ? error.message : String(error));
        }
      }
    }
    if (leftOut > 0) problems.push(`${leftOut} targets past target_limit are left out`);
    this.#tell(problems);
    return wanted;
  }

  #tell(problems: readonly string[]): void {
    const message = problems.slice(0, 10).join("; ");
    if (message !== "" && message !== this.#toldProblems) {
      this.#parts.log.warn("scrape_targets", { job: this.#options.defaults.job, message });
    }
    this.#toldProblems = message;
  }

  #begin(key: string, target: ScrapeTarget): void {
    const { intervalMs, timeoutMs, client, limits } = this.#options;
    const { writer, series, sources, clock, timers, random, log, salt } = this.#parts;
    const book = sources.open("scrape", this.#nameOf(target), ["metrics"]);
    const decoder = new ScrapeDecoder({
      targetLabels: target.labels,
      honorLabels: this.#options.honorLabels,
      honorTimestamps: this.#options.honorTimestamps,
      metricRelabel: this.#options.metricRelabel,
      limits,
      families: new MetricFamilies(series),
      salt,
    });
    const collector = new TargetCollector({
      target,
      intervalMs,
      timeoutMs,
      client,
      decoder,
      writer,
      book,
      clock,
    });
    const scheduler = new Scheduler([collector], {
      clock,
      timers,
      random,
      log,
      onProblem: (_, { reason, message }) => book.refused(reason, message),
    });
    this.#running.set(key, { scheduler, book });
    scheduler.start();
  }

  #end(key: string): void {
    const target = this.#running.get(key);
    if (target === undefined) return;
    this.#running.delete(key);
    const ended: Promise<void> = target.scheduler.stop().then(() => {
      this.#parts.sources.close(target.book);
      this.#ending.delete(ended);
    });
    this.#ending.add(ended);
  }

  #nameOf({ url, labels }: ScrapeTarget): string {
    const { origin, pathname } = new URL(url);
    const instance = labels.get("instance") ?? "";
    const at = redactText(`${origin}${pathname}`);
    return `${this.#options.defaults.job} ${at}${at.includes(instance) ? "" : ` (${instance})`}`;
  }
}
