import { z } from "zod";
import { type Signal, SIGNALS } from "../../mod/columns/column.ts";
import { type Rollup, ROLLUP_TIERS, ROLLUPS } from "../../mod/metrics/rollup.ts";
import { CHUNK_STATES, type ChunkStatus, type Store } from "../../mod/ports.ts";
import { invalidFields } from "../errors/invalid_fields.ts";
import type { Route } from "../route.ts";
import { isoMicros } from "./timestamps.ts";

const MAX_CHUNKS = 1_000;
const TIERS = ["raw", ...ROLLUP_TIERS] as const;
type Tier = typeof TIERS[number];

const ChunksQuery = z.strictObject({
  signal: z.enum(SIGNALS).optional().describe("Only chunks of this signal, and of its rollups."),
  tier: z.enum(TIERS).optional().describe("Only chunks of this tier."),
  state: z.enum(CHUNK_STATES).optional().describe("Only chunks in this state."),
  before: z.coerce.number().pipe(z.int().min(1)).optional()
    .describe("Only chunks with a smaller number: `next_before` of the page before."),
  limit: z.coerce.number().pipe(z.int().min(1).max(MAX_CHUNKS)).default(100),
});

/** The answer of `/api/storage/chunks`. */
export const StorageChunksJson = z.strictObject({
  matching: z.number().describe("Chunks that were asked for, of all pages."),
  next_before: z.number().nullable().describe("`before` of the next page; null on the last."),
  chunks: z.array(z.strictObject({
    number: z.number().describe("Newer chunks have larger ones."),
    signal: z.enum(SIGNALS),
    tier: z.enum(TIERS),
    state: z.enum(CHUNK_STATES)
      .describe(
        "Open ones take rows, closed ones wait to be sealed, sealed ones are sorted and compressed. Those on disk " +
          "were not loaded at the start for want of room: no query sees them.",
      ),
    span: z.strictObject({ from: z.string(), to: z.string() })
      .describe("The span of time whose rows it takes, the end not included."),
    from: z.string().nullable().describe("Time of its oldest row; null when not known."),
    to: z.string().nullable().describe("Time of its newest row; null when not known."),
    rows: z.number().nullable().describe("Null when it was not loaded."),
    bytes: z.number().describe("Memory that it takes."),
    bytes_estimated: z.boolean()
      .describe("True until it is sealed: judged by chunks that were sealed before."),
    received_bytes: z.number().nullable().describe("As its rows came in."),
    rolled_up: z.boolean().nullable()
      .describe("Whether the rollups have its rows; null where there is none of its kind."),
    file: z.strictObject({ name: z.string(), bytes: z.number() }).nullable()
      .describe("In the data directory; null when it is in memory only."),
  })).describe("The newest first."),
});

interface Contents {
  readonly signal: Signal;
  readonly tier: Tier;
}

/** What the rows of each kind of chunk are. */
const CONTENTS: Readonly<Record<Signal | Rollup, Contents>> = {
  metrics: { signal: "metrics", tier: "raw" },
  histograms: { signal: "histograms", tier: "raw" },
  exemplars: { signal: "exemplars", tier: "raw" },
  spans: { signal: "spans", tier: "raw" },
  logs: { signal: "logs", tier: "raw" },
  events: { signal: "events", tier: "raw" },
  rollups_1m: { signal: "metrics", tier: "1m" },
  rollups_1h: { signal: "metrics", tier: "1h" },
  histogram_rollups_1m: { signal: "histograms", tier: "1m" },
  histogram_rollups_1h: { signal: "histograms", tier: "1h" },
};
const KINDS: readonly (Signal | Rollup)[] = [...SIGNALS, ...ROLLUPS];

/** `GET /api/storage/chunks`: which chunks there are, a page at a time. */
export function storageChunkRoutes(
  { store }: { readonly store: Pick<Store, "chunks"> },
): Route[] {
  return [{
    method: "GET",
    path: "/api/storage/chunks",
    role: "viewer",
    errors: "json",
    doc: {
      summary: "The chunks that the store holds, with their state, times, rows, bytes and files",
      tag: "state",
      query: ChunksQuery,
      responses: {
        200: { description: "A page.", content: { "application/json": StorageChunksJson } },
      },
    },
    handler: async (c) => {
      const query = ChunksQuery.safeParse(c.req.query());
      if (!query.success) throw invalidFields(query.error);
      const { signal, tier, state, before, limit } = query.data;
      const kinds = KINDS.filter((kind) =>
        (signal === undefined || CONTENTS[kind].signal === signal) &&
        (tier === undefined || CONTENTS[kind].tier === tier)
      );
      const list = await store.chunks({
        kinds,
        state: state ?? null,
        before: before ?? null,
        limit,
      });
      const body: z.infer<typeof StorageChunksJson> = {
        matching: list.matching,
        next_before: list.nextBefore,
        chunks: list.chunks.map(chunkJson),
      };
      return c.json(body);
    },
  }];
}

function chunkJson(chunk: ChunkStatus): z.infer<typeof StorageChunksJson>["chunks"][number] {
  const { minTsUs, maxTsUs, file } = chunk;
  return {
    number: chunk.number,
    ...CONTENTS[chunk.kind],
    state: chunk.state,
    span: { from: isoMicros(chunk.spanStartUs), to: isoMicros(chunk.spanEndUs) },
    from: minTsUs === null ? null : isoMicros(minTsUs),
    to: maxTsUs === null ? null : isoMicros(maxTsUs),
    rows: chunk.rows,
    bytes: chunk.bytes,
    bytes_estimated: chunk.bytesEstimated,
    received_bytes: chunk.receivedBytes,
    rolled_up: chunk.rolledUp,
    file: file === null ? null : { name: file.name, bytes: file.bytes },
  };
}
