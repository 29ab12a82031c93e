import { HorizonError } from "../errors.ts";
import type { SampleRows, SampleWriteOutcome, SampleWriter } from "../intake/sample_writer.ts";
import type { SeriesRegistry } from "../intern/series_registry.ts";
import { MalformedError } from "../otlp/malformed.ts";
import type { ReceiveOutcome } from "../otlp/otlp_signal.ts";
import { WireReader } from "../otlp/wire.ts";
import { MetricFamilies } from "./metric_families.ts";
import { emptyTally, type RemoteWriteTally } from "./remote_write_tally.ts";
import { RemoteWriteV1Decoder } from "./remote_write_v1.ts";
import { RemoteWriteV2Decoder } from "./remote_write_v2.ts";
import { SeriesTimes } from "./series_times.ts";

/** The messages of the two versions: prometheus.WriteRequest and io.prometheus.write.v2.Request. */
export type RemoteWriteVersion = 1 | 2;

export interface RemoteWriteOutcome extends ReceiveOutcome {
  readonly tally: Readonly<RemoteWriteTally>;
}

export interface RemoteWriteOptions {
  readonly writer: Pick<SampleWriter, "write" | "generation">;
  readonly series: Pick<SeriesRegistry, "newestOf">;
  /** A random unsigned 32-bit number, so that nobody can craft keys that collide in caches. */
  readonly salt: number;
}

/**
 * The receive path of Prometheus' remote write, versions 1.0 and 2.0 (prometheus.io/docs/specs).
 *
 * Points that come late are stored like others. A point with the time of its series' newest is
 * taken for sent again: it counts as written and is not stored twice. A stale marker counts as
 * written and stores nothing: a series ends with its last sample.
 *
 * Not kept of what the protocol carries: labels of exemplars but ids, help texts, start timestamps, reset hints.
 */
export class RemoteWriteReceiver {
  readonly #options: RemoteWriteOptions;
  readonly #families: MetricFamilies;
  readonly #v1: RemoteWriteV1Decoder;
  readonly #v2: RemoteWriteV2Decoder;
  readonly #times = new SeriesTimes();
  /** Writes that are not known to be kept yet; as many as requests are let in. */
  readonly #underWay = new Set<Promise<SampleWriteOutcome>>();
  #generation: number;

  constructor(options: RemoteWriteOptions) {
    this.#options = options;
    this.#families = new MetricFamilies(options.series);
    this.#v1 = new RemoteWriteV1Decoder(this.#families, options.salt);
    this.#v2 = new RemoteWriteV2Decoder(this.#families, options.salt);
    this.#generation = options.writer.generation;
  }

  /** Metric families whose type and unit were not remembered for lack of room. */
  get refusedFamilies(): number {
    return this.#families.refused;
  }

  /**
   * Takes in a request, decompressed. Resolves when what was accepted is kept and visible to
   * queries. Of a body that is malformed nothing is kept.
   *
   * @throws HorizonError `invalid_argument` (malformed; not to be retried), `overloaded` and
   * `unavailable` (not kept; to be retried)
   */
  async receive(version: RemoteWriteVersion, body: Uint8Array): Promise<RemoteWriteOutcome> {
    this.#refresh();
    const tally = emptyTally();
    const earlier = [...this.#underWay];
    const write = this.#options.writer.write({
      bytes: body.length,
      push: (rows) => this.#decode(version, body, rows, tally),
    });
    this.#underWay.add(write);
    try {
      const { accepted, rejections, newestUs } = await write;
      // What a point repeats may be in a write that is not kept yet, or never.
      if (tally.repeated > 0) await Promise.all(earlier);
      return {
        accepted,
        rejected: rejections.total,
        reasons: Object.fromEntries(rejections.byReason()),
        errorMessage: rejections.message(),
        newestUs,
        tally,
      };
    } catch (error) {
      this.#times.forget();
      throw error;
    } finally {
      this.#underWay.delete(write);
    }
  }

  #refresh(): void {
    const { generation } = this.#options.writer;
    if (generation === this.#generation) return;
    this.#generation = generation;
    this.#v1.forgetSeries();
    this.#v2.forgetSeries();
  }

  #decode(
    version: RemoteWriteVersion,
    body: Uint8Array,
    rows: SampleRows,
    tally: RemoteWriteTally,
  ): void {
    const reader = new WireReader(body);
    const decoder = version === 1 ? this.#v1 : this.#v2;
    try {
      decoder.decode(reader, { rows, tally, times: this.#times });
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      throw new HorizonError(
        "invalid_argument",
        `the remote write ${version}.0 request is malformed: ${error.message}`,
        { offset: error.offset },
        null,
        { cause: error },
      );
    }
  }
}
