import type { Clock } from "../../mod/clock.ts";
import { HorizonError } from "../../mod/errors.ts";
import type {
  SampleRows,
  SampleWriteOutcome,
  SampleWriter,
} from "../../mod/intake/sample_writer.ts";
import { JOB_LABEL } from "../../mod/prometheus/label_names.ts";
import type { ScrapeCounts, ScrapeDecoder } from "../../mod/prometheus/scrape_decoder.ts";
import type { ScrapeTarget } from "../../mod/prometheus/scrape_target.ts";
import type { SourceBook } from "../../mod/sources/source_book.ts";
import type { Collector, Tick } from "../collector.ts";
import type { ScrapeAnswer, ScrapeClient } from "./scrape_client.ts";

export interface TargetCollectorOptions {
  readonly target: ScrapeTarget;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly client: Pick<ScrapeClient, "get">;
  readonly decoder: ScrapeDecoder;
  readonly writer: Pick<SampleWriter, "write" | "generation">;
  readonly book: SourceBook;
  readonly clock: Clock;
}

/**
 * Rows wait this long, so that the scrapes of a second share an append; a scrape does not wait
 * for them.
 */
const COMMIT_WAIT_MS = 1_000;

/**
 * Scrapes one target. Each scrape, also one that fails, stores `up` and the other series that
 * Prometheus reports of a scrape.
 */
export class TargetCollector implements Collector {
  readonly name: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly unavailable: readonly string[] = [];
  readonly #options: TargetCollectorOptions;
  #generation: number;

  constructor(options: TargetCollectorOptions) {
    this.#options = options;
    this.name = options.book.name;
    this.intervalMs = options.intervalMs;
    this.timeoutMs = options.timeoutMs;
    this.#generation = options.writer.generation;
  }

  async collect(tick: Tick): Promise<void> {
    const { client, target, clock, book } = this.#options;
    const startMs = clock.monotonicMs();
    book.request("metrics");
    try {
      this.#store(await client.get(target.url, tick.signal), tick, startMs);
    } catch (error) {
      this.#report(tick.tsUs, startMs);
      throw tick.signal.aborted ? error : plainError(error);
    }
  }

  close(): void {}

  /** Throws what is wrong with the answer; then nothing of it is stored. */
  #store({ body, format }: ScrapeAnswer, tick: Tick, startMs: number): void {
    const { decoder, writer, book, clock } = this.#options;
    if (writer.generation !== this.#generation) {
      this.#generation = writer.generation;
      decoder.forgetSeries();
    }
    let refusal: unknown = null;
    const push = (rows: SampleRows): void => {
      try {
        const counts = decoder.decode(body, format, tick.tsUs, rows);
        this.#pushReport(rows, tick.tsUs, clock.monotonicMs() - startMs, counts);
        book.rejected("metrics", "exemplar", counts.droppedExemplars);
        book.rejected("metrics", "sent_again", counts.repeated);
      } catch (error) {
        refusal = error;
        throw error;
      }
    };
    const write = writer.write({ bytes: body.length, push, waitMs: COMMIT_WAIT_MS });
    this.#follow(write);
    if (refusal !== null) throw refusal;
  }

  /** What is reported of a scrape that failed. */
  #report(tsUs: number, startMs: number): void {
    const { writer, clock } = this.#options;
    const durationMs = clock.monotonicMs() - startMs;
    const push = (rows: SampleRows): void => this.#pushReport(rows, tsUs, durationMs, null);
    this.#follow(writer.write({ bytes: 1_024, push, waitMs: COMMIT_WAIT_MS }));
  }

  #follow(write: Promise<SampleWriteOutcome>): void {
    const { book, decoder } = this.#options;
    write.then(({ accepted, rejections, newestUs }) => {
      book.accepted("metrics", accepted);
      for (const [reason, count] of rejections.byReason()) book.rejected("metrics", reason, count);
      const message = rejections.message();
      if (message !== null) book.problem(message);
      if (newestUs !== null) book.newest(newestUs);
    }, (error: unknown) => {
      decoder.forgetSeries();
      // What is wrong with an answer is told by the scheduler, as every failed turn is.
      if (error instanceof HorizonError) book.failed(error);
    });
  }

  #pushReport(
    rows: SampleRows,
    tsUs: number,
    durationMs: number,
    counts: ScrapeCounts | null,
  ): void {
    const { labels } = this.#options.target;
    const service = labels.get(JOB_LABEL) ?? "";
    const report = (name: string, unit: string, value: number): void =>
      rows.add({ name, kind: "gauge", unit, labels, service }, tsUs, value);
    report("up", "", counts === null ? 0 : 1);
    report("scrape_duration_seconds", "s", durationMs / 1_000);
    report("scrape_samples_scraped", "", counts?.scraped ?? 0);
    report("scrape_samples_post_metric_relabeling", "", counts?.kept ?? 0);
    report("scrape_series_added", "", counts?.added ?? 0);
  }
}

/** Without the URL that the runtime puts into messages: its parameters may hold secrets. */
function plainError(error: unknown): Error {
  const message = error instanceof Error ? error.message : String(error);
  return new Error(message.replace(/\s*(for url )?\(?https?:\/\/[^\s)]*\)?/g, ""), {
    cause: error,
  });
}
