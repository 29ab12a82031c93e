import { systemClock } from "../../mod/clock.ts";
import { Intake } from "../../mod/intake/intake.ts";
import { Registries } from "../../mod/intern/registries.ts";
import { silentLogger } from "../../mod/log/logger.ts";
import type { EventBatchBuilder } from "../../mod/signals/events.ts";
import type { LogBatchBuilder } from "../../mod/signals/logs.ts";
import type { SpanBatchBuilder } from "../../mod/signals/spans.ts";
import type { StoreOptions } from "../../storage/messages.ts";
import { MEMORY_PATIENCE } from "../../storage/patience.ts";
import { StoreClient } from "../../storage/store_client.ts";

export const MIB = 1024 * 1024;
const HOUR_MS = 3_600_000;

export function storeOptions(changes: Partial<StoreOptions> = {}): StoreOptions {
  return {
    disk: null,
    budgetBytes: 512 * MIB,
    patience: MEMORY_PATIENCE,
    retentionMs: {
      metrics: 24 * HOUR_MS,
      histograms: 24 * HOUR_MS,
      exemplars: 24 * HOUR_MS,
      spans: 24 * HOUR_MS,
      logs: 24 * HOUR_MS,
      events: 30 * 24 * HOUR_MS,
      rollups_1m: 30 * 24 * HOUR_MS,
      rollups_1h: 400 * 24 * HOUR_MS,
      histogram_rollups_1m: 30 * 24 * HOUR_MS,
      histogram_rollups_1h: 400 * 24 * HOUR_MS,
    },
    tailSampling: null,
    query: {
      // Long, since a busy machine is no reason to fail; a test of deadlines names its own.
      defaultTimeoutMs: 60_000,
      maxTimeoutMs: 60_000,
      maxRows: 100_000,
      maxBytes: 64 * MIB,
      maxConcurrent: 4,
      maxQueued: 32,
    },
    ...changes,
  };
}

export interface StoreFixture {
  readonly store: StoreClient;
  readonly registries: Registries;
  readonly intake: Intake;
  /** Rows of a query as arrays of JSON values. */
  rows(sql: string, params?: readonly (null | boolean | number | string)[]): Promise<unknown[][]>;
}

/** Runs `test` against a real store in a real worker, with an intake in front of it. */
export async function withStore(
  test: (fixture: StoreFixture) => Promise<void>,
  changes: Partial<StoreOptions> = {},
): Promise<void> {
  const registries = new Registries({ maxSeries: 100_000, maxSeriesPerMetric: 50_000 });
  const store = await StoreClient.open(storeOptions(changes), registries, silentLogger);
  const limits = { maxPendingBytes: 64 * MIB, flushIntervalMs: 10, maxBatchRows: 65_536 };
  const intake = new Intake(store, registries, limits, systemClock);
  try {
    await test({
      store,
      registries,
      intake,
      rows: async (sql, params = []) => {
        const result = await store.query({ sql, params });
        return [...result.rows()].map((row) => [...row]);
      },
    });
  } finally {
    await store.close();
  }
}

export interface SpanSketch {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly tsUs: number;
  readonly durationNs?: number;
  readonly status?: "unset" | "ok" | "error";
  readonly traceState?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly resource?: readonly (readonly [string, string])[];
  readonly events?: readonly { name: string; attributes: Readonly<Record<string, string>> }[];
}

/** Pushes one span with sensible values for what the sketch leaves out. */
export function pushSpan(spans: SpanBatchBuilder, registries: Registries, span: SpanSketch): void {
  spans.pushTime(span.tsUs, 7, span.durationNs ?? 1_500_000);
  spans.traceId.push(span.traceId);
  spans.spanId.push(span.spanId);
  if (span.parentSpanId === undefined) spans.parentSpanId.pushNull();
  else spans.parentSpanId.push(span.parentSpanId);
  spans.name.push(span.name);
  spans.kind.push("server");
  spans.service.push("shop");
  spans.status.push(span.status ?? "ok");
  spans.statusMessage.pushNull();
  for (const [key, value] of Object.entries(span.attributes ?? {})) {
    spans.attributes.pushKey(registries.attributeKeys.idOf(key));
    spans.attributes.values.push(value);
  }
  spans.resourceId.push(registries.resources.idOf(span.resource ?? [["service.name", "shop"]]));
  spans.scopeName.push("scope");
  spans.scopeVersion.push("1.0");
  if (span.traceState === undefined) spans.traceState.pushNull();
  else spans.traceState.push(span.traceState);
  spans.flags.push(1);
  spans.droppedAttributes.push(0);
  spans.droppedEvents.push(0);
  spans.droppedLinks.push(0);
  for (const event of span.events ?? []) {
    spans.events.timeNs.push(span.tsUs * 1000);
    spans.events.name.push(event.name);
    spans.events.attributes.push(Object.entries(event.attributes));
    spans.events.droppedAttributes.push(0);
  }
  spans.closeRow();
}

/** Pushes one log record. */
export function pushLog(
  logs: LogBatchBuilder,
  registries: Registries,
  log: { tsUs: number; body: string; attributes?: Readonly<Record<string, string>> },
): void {
  logs.pushTime(log.tsUs, 3, log.tsUs);
  logs.severity.push("INFO");
  logs.severityNumber.push(9);
  logs.body.push(log.body);
  logs.service.push("shop");
  logs.host.push("edge-1");
  logs.pid.push(42);
  logs.traceId.pushNull();
  logs.spanId.pushNull();
  for (const [key, value] of Object.entries(log.attributes ?? {})) {
    logs.attributes.pushKey(registries.attributeKeys.idOf(key));
    logs.attributes.values.push(value);
  }
  logs.resourceId.push(0);
  logs.scopeName.push("");
  logs.scopeVersion.push("");
  logs.source.push("test");
  logs.eventName.pushNull();
  logs.flags.push(0);
  logs.droppedAttributes.push(0);
  logs.closeRow();
}

/** Pushes one event of the stream `process`. */
export function pushEvent(
  events: EventBatchBuilder,
  registries: Registries,
  event: { tsUs: number; subject: string; attributes?: Readonly<Record<string, string>> },
): void {
  events.pushTime(event.tsUs, 5);
  events.stream.push("process");
  events.name.push("exit");
  events.subject.push(event.subject);
  events.service.push("shop");
  events.pid.push(42);
  events.severity.push("info");
  events.message.push("ended");
  events.value.push(1.5);
  for (const [key, value] of Object.entries(event.attributes ?? {})) {
    events.attributes.pushKey(registries.attributeKeys.idOf(key));
    events.attributes.values.push(value);
  }
  events.closeRow();
}
