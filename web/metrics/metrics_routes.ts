import type { Registry } from "prom-client";
import type { Store, StoreStats } from "../../mod/ports.ts";
import { bestMediaType } from "../body/media_type.ts";
import type { AppContext, Route } from "../route.ts";
import type { LatestSource, SeriesSource } from "../sources.ts";
import { textStream } from "../text_stream.ts";
import { CollectedMetrics } from "./collected_metrics.ts";
import { EXPOSITION_CONTENT_TYPES, type ExpositionFormat, expositionText } from "./exposition.ts";
import { registryFamilies } from "./own_metrics.ts";
import { readGauge } from "./readings.ts";
import { registerStateMetrics, type StateSources } from "./state_metrics.ts";

export interface MetricsDeps extends Omit<StateSources, "store"> {
  readonly registry: Registry;
  readonly store: Pick<Store, "stats">;
  readonly latest: LatestSource;
  readonly series: SeriesSource;
}

/** Collected series in one answer; a host with 2,000 processes has about 40,000. */
const MAX_EXPOSED_SERIES = 100_000;
/** How long a scrape waits for the store before it goes on without. */
const STORE_DEADLINE_MS = 2_000;
/** Names of Horizon's own metrics; nothing collected may use them. */
const OWN_PREFIX = "horizon_";

/** `GET /metrics`: Horizon's own state, and the newest value of everything collected. */
export function metricsRoutes(deps: MetricsDeps): Route[] {
  const { registry } = deps;
  let storeStats: StoreStats | null = null;
  let storeUp = false;
  registerStateMetrics(registry, {
    ...deps,
    // Of a store that does not answer the last known figures stay: counters must not go back.
    store: () => ({ up: storeUp, stats: storeStats }),
  });
  const collected = new CollectedMetrics((id) => deps.series.get(id), {
    maxSeries: MAX_EXPOSED_SERIES,
    isReserved: (name) => name.startsWith(OWN_PREFIX),
  });
  readGauge(registry, {
    name: "horizon_exposition_left_out_series",
    help: "Collected series missing from this scrape, by reason.",
    labelNames: ["reason"],
    read: () => Object.entries(collected.refused).map(([reason, n]) => [{ reason }, n] as const),
  });
  return [{
    method: "GET",
    path: "/metrics",
    role: "viewer",
    errors: "json",
    doc: {
      summary: "Metrics for a Prometheus server",
      description: "Prometheus text format, or OpenMetrics where the Accept header asks for it.",
      tag: "state",
      responses: {
        200: {
          description: "Horizon's own metrics, then the newest value of everything collected.",
          content: { "text/plain": "text", "application/openmetrics-text": "text" },
        },
      },
    },
    handler: async (c) => {
      const stats = await statsWithin(deps.store, STORE_DEADLINE_MS);
      storeUp = stats !== null;
      storeStats = stats ?? storeStats;
      const collectedNow = collected.families(deps.latest.entries());
      const families = [...await registryFamilies(registry), ...collectedNow];
      const format = askedFormat(c);
      return new Response(textStream(expositionText(families, format)), {
        headers: { "content-type": EXPOSITION_CONTENT_TYPES[format] },
      });
    },
  }];
}

function askedFormat(c: AppContext): ExpositionFormat {
  const best = bestMediaType(c.req.header("accept") ?? null, [
    "text/plain",
    "application/openmetrics-text",
  ]);
  return best === "application/openmetrics-text" ? "openmetrics" : "prometheus";
}

// A store that fails or hangs shows as horizon_store_up 0: the scrape is how one learns of it.
async function statsWithin(
  store: Pick<Store, "stats">,
  deadlineMs: number,
): Promise<StoreStats | null> {
  const late = Promise.withResolvers<null>();
  const timer = setTimeout(() => late.resolve(null), deadlineMs);
  try {
    return await Promise.race([store.stats().catch(() => null), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
