import type { Clock } from "../clock.ts";
import { HorizonError } from "../errors.ts";
import type { Intake } from "../intake/intake.ts";
import { notKept } from "../intake/not_kept.ts";
import type { Registries } from "../intern/registries.ts";
import { AttributeDecoder } from "./attribute_decoder.ts";
import {
  type Alterations,
  type DecodeContext,
  namedAlterations,
  noAlterations,
} from "./decode_context.ts";
import { fieldPath } from "./field_path.ts";
import { transcodeJson } from "./json_transcoder.ts";
import type { OtlpLimits } from "./limits.ts";
import { LogsDecoder } from "./logs_proto.ts";
import { MalformedError } from "./malformed.ts";
import { MetricsDecoder } from "./metrics_proto.ts";
import type { OtlpEncoding, OtlpSignal, ReceiveOutcome } from "./otlp_signal.ts";
import { Rejections, type RejectReason } from "./rejections.ts";
import { ResourceCache } from "./resource_cache.ts";
import { TracesDecoder } from "./traces_proto.ts";
import { WireReader } from "./wire.ts";

export interface OtlpReceiverOptions {
  readonly intake: Pick<Intake, "admit" | "commit" | "builders">;
  readonly registries: Registries;
  readonly clock: Clock;
  /** This host's own name: `host.name` becomes a label only where it is another. */
  readonly hostName: string;
  readonly limits: OtlpLimits;
  /** A random unsigned 32-bit number, so that nobody can craft keys that collide in caches. */
  readonly salt: number;
}

export interface OtlpSignalStats {
  readonly requests: number;
  /** Requests refused because their body is not what it should be. */
  readonly malformed: number;
  /** Requests refused because there was no room, or that could not be stored; both may be retried. */
  readonly overloaded: number;
  readonly failed: number;
  readonly accepted: number;
  readonly rejected: Readonly<Partial<Record<RejectReason, number>>>;
}

export interface OtlpStats extends Alterations {
  readonly signals: Readonly<Record<OtlpSignal, OtlpSignalStats>>;
  /** Series whose delta points are being added up, and those restarted for lack of room. */
  readonly deltaSeries: { readonly live: number; readonly evicted: number };
}

type MutableStats =
  & {
    -readonly [K in keyof Omit<OtlpSignalStats, "rejected">]: number;
  }
  & { rejected: Partial<Record<RejectReason, number>> };

const noStats = (): MutableStats => ({
  requests: 0,
  malformed: 0,
  overloaded: 0,
  failed: 0,
  accepted: 0,
  rejected: {},
});

/**
 * The receive path of OTLP, whichever transport brings the body: decode, keep, answer.
 *
 * Not kept of what the protocol carries (docs/receivers.md says it to users): schema URLs, attributes
 * of scopes, entity references, descriptions and metadata of metrics, start times of cumulative
 * points, filtered attributes of exemplars, and the dropped-attribute counts of resources, scopes and
 * links. The scope of a metric is no part of its series. Data points that say "no recorded value" are counted, not stored.
 */
export class OtlpReceiver {
  readonly #options: OtlpReceiverOptions;
  readonly #alterations = noAlterations();
  readonly #traces: TracesDecoder;
  readonly #metrics: MetricsDecoder;
  readonly #logs: LogsDecoder;
  readonly #stats: Record<OtlpSignal, MutableStats> = {
    traces: noStats(),
    metrics: noStats(),
    logs: noStats(),
  };

  constructor(options: OtlpReceiverOptions) {
    this.#options = options;
    const { registries, limits, salt, intake: { builders } } = options;
    const alterations = this.#alterations;
    const attributes = new AttributeDecoder(registries.attributeKeys, limits, alterations, salt);
    const resources = new ResourceCache(registries.resources, attributes, options.hostName, salt);
    const shared = { resources, attributes, limits, alterations };
    this.#traces = new TracesDecoder({ ...shared, spans: builders.spans });
    this.#logs = new LogsDecoder({ ...shared, logs: builders.logs });
    this.#metrics = new MetricsDecoder({
      ...shared,
      metrics: builders.metrics,
      histograms: builders.histograms,
      registries,
      salt,
      exemplars: builders.exemplars,
    });
  }

  /** What of kept records was cut or dropped at a bound, by what it is. */
  get altered(): Readonly<Record<string, number>> {
    return namedAlterations(this.#alterations);
  }

  get stats(): OtlpStats {
    const { traces, metrics, logs } = this.#stats;
    const copy = (one: MutableStats): OtlpSignalStats => ({
      ...one,
      rejected: { ...one.rejected },
    });
    return {
      ...this.#alterations,
      signals: { traces: copy(traces), metrics: copy(metrics), logs: copy(logs) },
      deltaSeries: this.#metrics.deltaSeries,
    };
  }

  /**
   * Takes in an `ExportXServiceRequest`, decompressed. Resolves when what was accepted is kept and
   * visible to queries. Of a body that is malformed nothing is kept.
   *
   * @throws HorizonError `invalid_argument` (malformed; not to be retried), `overloaded` and
   * `unavailable` (not kept; to be retried)
   */
  async receive(
    signal: OtlpSignal,
    body: Uint8Array,
    encoding: OtlpEncoding,
  ): Promise<ReceiveOutcome> {
    const stats = this.#stats[signal];
    stats.requests++;
    const release = this.#admit(stats, body.length);
    try {
      const context = this.#newContext();
      const undoTotals = this.#decode(signal, body, encoding, context);
      if (context.accepted > 0) await this.#commit(stats, undoTotals);
      return conclude(stats, context);
    } finally {
      release();
    }
  }

  #admit(stats: MutableStats, bytes: number): () => void {
    try {
      return this.#options.intake.admit(bytes);
    } catch (error) {
      stats.overloaded++;
      throw error;
    }
  }

  #newContext(): DecodeContext {
    const nowMs = this.#options.clock.nowMs();
    const { minTimeUs, maxFutureMs } = this.#options.limits;
    return {
      rejections: new Rejections(),
      nowUs: Math.floor(nowMs * 1000),
      minUs: minTimeUs,
      maxUs: (nowMs + maxFutureMs) * 1000,
      accepted: 0,
      newestUs: -Infinity,
    };
  }

  // Decodes all of the body in one go: rows of other requests must not come between its own.
  // The answer undoes what the rows did to running totals, for when they are not kept after all.
  #decode(
    signal: OtlpSignal,
    body: Uint8Array,
    encoding: OtlpEncoding,
    context: DecodeContext,
  ): () => void {
    const { metrics, histograms, exemplars, spans, logs } = this.#options.intake.builders;
    const written = [metrics, histograms, exemplars, spans, logs];
    const rows = written.map((builder) => builder.rows);
    try {
      const wire = encoding === "json" ? transcodeJson(signal, body) : body;
      this.#decodeWire(signal, wire, encoding, context);
    } catch (error) {
      written.forEach((builder, i) => builder.truncate(rows[i] ?? 0));
      this.#metrics.rollback();
      if (!(error instanceof MalformedError)) throw error;
      this.#stats[signal].malformed++;
      throw invalidBody(signal, error);
    }
    return this.#metrics.keep();
  }

  #decodeWire(
    signal: OtlpSignal,
    wire: Uint8Array,
    encoding: OtlpEncoding,
    context: DecodeContext,
  ): void {
    const reader = new WireReader(wire);
    try {
      if (signal === "traces") this.#traces.decode(reader, context);
      else if (signal === "metrics") this.#metrics.decode(reader, context);
      else this.#logs.decode(reader, context);
    } catch (error) {
      if (!(error instanceof MalformedError) || error.offset === null) throw error;
      // An offset says nothing to who sent JSON.
      const offset = encoding === "json" ? null : error.offset;
      throw new MalformedError(error.problem, offset, fieldPath(signal, wire, error.offset));
    }
  }

  async #commit(stats: MutableStats, undoTotals: () => void): Promise<void> {
    try {
      await this.#options.intake.commit();
    } catch (error) {
      undoTotals();
      stats.failed++;
      throw notKept(error, "the telemetry");
    }
  }
}

function conclude(stats: MutableStats, context: DecodeContext): ReceiveOutcome {
  const { accepted, rejections, newestUs } = context;
  stats.accepted += accepted;
  for (const [reason, count] of rejections.byReason()) {
    stats.rejected[reason] = (stats.rejected[reason] ?? 0) + count;
  }
  return {
    accepted,
    rejected: rejections.total,
    reasons: Object.fromEntries(rejections.byReason()),
    errorMessage: rejections.message(),
    newestUs: Number.isFinite(newestUs) ? newestUs : null,
  };
}

function invalidBody(signal: OtlpSignal, error: MalformedError): HorizonError {
  return new HorizonError(
    "invalid_argument",
    `the ${signal} request is malformed: ${error.message}`,
    { path: error.path, offset: error.offset },
    null,
    { cause: error },
  );
}
