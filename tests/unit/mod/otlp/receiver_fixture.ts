import type { Clock } from "../../../../mod/clock.ts";
import type { Signal } from "../../../../mod/columns/column.ts";
import { Intake } from "../../../../mod/intake/intake.ts";
import type { AttributeKeyLimits } from "../../../../mod/intern/attribute_keys.ts";
import { keepValue } from "../../../../mod/intern/clean_value.ts";
import { Registries } from "../../../../mod/intern/registries.ts";
import type { SeriesDefinition } from "../../../../mod/intern/definitions.ts";
import type { AppendRequest } from "../../../../mod/ports.ts";
import { DEFAULT_OTLP_LIMITS, type OtlpLimits } from "../../../../mod/otlp/limits.ts";
import type { OtlpSignal, ReceiveOutcome } from "../../../../mod/otlp/otlp_signal.ts";
import { OtlpReceiver } from "../../../../mod/otlp/receive.ts";
import { type Row, rowsOf, type Value } from "./column_values.ts";
import { encodeRequest, jsonRequest, type RequestObject } from "./reference_encoder.ts";

/** What the clock of every test says: 2026-03-01T12:00:00Z. */
export const NOW_MS = Date.UTC(2026, 2, 1, 12);
export const NOW_NS = BigInt(NOW_MS) * 1_000_000n;
export const NOW_US = NOW_MS * 1_000;

export interface FixtureOptions {
  readonly limits?: Partial<OtlpLimits>;
  readonly maxSeries?: number;
  readonly maxPendingBytes?: number;
  readonly keyLimits?: AttributeKeyLimits;
}

/** A receiver before a store that keeps what it is given, as rows. */
export class ReceiverFixture {
  readonly registries: Registries;
  readonly intake: Intake;
  readonly receiver: OtlpReceiver;
  /** Appends fail with this while it is set. */
  failure: Error | null = null;
  readonly #rows: Record<Signal, Row[]> = {
    metrics: [],
    histograms: [],
    exemplars: [],
    spans: [],
    logs: [],
    events: [],
  };
  readonly #keys = new Map<number, string>();
  readonly #resources = new Map<number, Value>();
  readonly #bounds = new Map<number, Value>();

  constructor(options: FixtureOptions = {}) {
    const maxSeries = options.maxSeries ?? 10_000;
    const clock: Clock = { nowMs: () => NOW_MS, monotonicMs: () => performance.now() };
    this.registries = new Registries(
      { maxSeries, maxSeriesPerMetric: maxSeries },
      keepValue,
      options.keyLimits,
    );
    const limits = {
      maxPendingBytes: options.maxPendingBytes ?? 1 << 30,
      flushIntervalMs: 0,
      maxBatchRows: 100_000,
    };
    const store = { append: (request: AppendRequest): Promise<void> => this.#append(request) };
    this.intake = new Intake(store, this.registries, limits, clock);
    this.receiver = new OtlpReceiver({
      intake: this.intake,
      registries: this.registries,
      clock,
      hostName: "this-host",
      limits: { ...DEFAULT_OTLP_LIMITS, ...options.limits },
      salt: 12345,
    });
  }

  /** Sends a request in protobuf. */
  send(signal: OtlpSignal, request: RequestObject): Promise<ReceiveOutcome> {
    return this.receiver.receive(signal, encodeRequest(signal, request), "protobuf");
  }

  sendJson(signal: OtlpSignal, request: RequestObject): Promise<ReceiveOutcome> {
    return this.receiver.receive(signal, jsonRequest(request), "json");
  }

  /** Rows that the store kept, with attributes and resources by name. */
  rows(signal: Signal): readonly Row[] {
    return this.#rows[signal].map((row) => this.#readable(row));
  }

  /** Samples and histogram points as `name{labels}`, in the order they were stored. */
  samples(): { series: string; ts: number; value: number }[] {
    return this.#rows.metrics.map((row) => ({
      series: seriesText(this.series(row)),
      ts: Number(row.ts),
      value: Number(row.value),
    }));
  }

  series(row: Row): SeriesDefinition {
    const series = this.registries.series.get(Number(row.series_id));
    if (series === undefined) throw new Error("a row of a series that is not defined");
    return series;
  }

  #append({ definitions, batches }: AppendRequest): Promise<void> {
    if (this.failure !== null) return Promise.reject(this.failure);
    for (const definition of definitions) {
      for (const row of rowsOf(definition)) {
        if (definition.table === "attribute_keys") {
          this.#keys.set(Number(row.key_id), String(row.key));
        }
        if (definition.table === "resources") {
          this.#resources.set(Number(row.resource_id), row.attributes!);
        }
        if (definition.table === "bounds") this.#bounds.set(Number(row.bounds_id), row.bounds!);
      }
    }
    for (const batch of batches) this.#rows[batch.signal].push(...rowsOf(batch));
    return Promise.resolve();
  }

  #readable(row: Row): Row {
    const { attr_keys, attr_values, resource_id, bounds_id, ...rest } = row;
    return {
      ...rest,
      ...Array.isArray(attr_keys) && Array.isArray(attr_values)
        ? { attributes: this.#attributes(attr_keys, attr_values) }
        : {},
      ...resource_id === undefined
        ? {}
        : { resource: this.#resources.get(Number(resource_id)) ?? {} },
      ...bounds_id === undefined ? {} : { bounds: this.#bounds.get(Number(bounds_id)) ?? null },
    };
  }

  #attributes(keys: readonly Value[], values: readonly Value[]): Value {
    if (keys.length !== values.length) throw new Error("keys and values differ in number");
    if (new Set(keys).size !== keys.length) throw new Error("a row repeats a key");
    return Object.fromEntries(keys.map((id, i) => {
      const key = this.#keys.get(Number(id));
      if (key === undefined) throw new Error("a key that is not defined");
      return [key, values[i]!];
    }));
  }
}

export function seriesText({ name, kind, labels }: SeriesDefinition): string {
  return `${name}:${kind}{${labels.map(([key, value]) => `${key}=${value}`).join(",")}}`;
}
