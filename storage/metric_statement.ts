import { METRIC_QUERY_LIMITS } from "../mod/metrics/metric_query.ts";
import type { StepPlan } from "../mod/metrics/metric_source.ts";
import { ROLLUPS_OF } from "../mod/metrics/rollup.ts";
import type { Chunk, ChunkCatalog } from "./chunk_catalog.ts";
import type { MetricCommand } from "./messages.ts";
import {
  namesStatement,
  type PlannedTable,
  seriesStatement,
  windowsStatement,
} from "./metric_sql.ts";
import { planTiers } from "./tier_plan.ts";

/** Bounds of a result. Each statement selects one row more than it may, so that too much is seen. */
export const METRIC_QUERY_BOUNDS = {
  maxRows: METRIC_QUERY_LIMITS.rows + 1,
  maxBytes: 256 * 1024 * 1024,
} as const;

/** The statement that answers a command over the chunks that there are now. */
export function metricStatement(
  command: MetricCommand,
  catalog: ChunkCatalog,
): { readonly sql: string; readonly plan: StepPlan | null } {
  switch (command.kind) {
    case "names":
      return { sql: namesStatement(command.contains, METRIC_QUERY_LIMITS.names + 1), plan: null };
    case "series": {
      const { name, matchers } = command;
      return { sql: seriesStatement(name, matchers, METRIC_QUERY_LIMITS.series + 1), plan: null };
    }
    case "windows": {
      const { request } = command;
      const filled = (chunks: readonly Chunk[]) => chunks.filter(({ rows }) => rows > 0);
      const raw = filled(catalog.of(request.signal));
      const rollups = {
        "1m": filled(catalog.of(ROLLUPS_OF[request.signal]["1m"])),
        "1h": filled(catalog.of(ROLLUPS_OF[request.signal]["1h"])),
      };
      const plan = planTiers({
        ...request,
        rawOnly: request.quantile !== null && request.signal === "metrics",
      }, { raw, rollups });
      const read = {
        raw: tablesOf(raw, plan.rawChunks),
        rollups: plan.tier === "raw" ? [] : tablesOf(rollups[plan.tier], plan.rollupChunks),
      };
      const sql = windowsStatement(request, plan, read, METRIC_QUERY_LIMITS.rows + 1);
      const { tier, startUs, stepUs, points } = plan;
      return { sql, plan: { tier, startUs, stepUs, points } };
    }
  }
}

function tablesOf(chunks: readonly Chunk[], numbers: readonly number[]): PlannedTable[] {
  const wanted = new Set(numbers);
  return chunks.filter(({ number }) => wanted.has(number)).map(({ table, state }) => ({
    table,
    sorted: state === "sealed",
  }));
}
