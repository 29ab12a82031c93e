/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/// <reference lib="deno.unstable" />
import { setImmediate } from "node:timers";
import { systemClock } from "../mod/clock.ts";
import { assert, HorizonError, toHorizonError } from "../mod/errors.ts";
import { DataDir } from "./data_dir.ts";
import type { StepPlan } from "../mod/metrics/metric_source.ts";
import { loadDuckDb } from "./duckdb_module.ts";
import { isEngineCrash } from "./engine_error.ts";
import type { StoreOptions, StoreReply, StoreRequest } from "./messages.ts";
import { MEMORY_PATIENCE } from "./patience.ts";
import type { QuerySettled } from "./query_job.ts";
import { QueryHeld } from "./query_queue.ts";
import { CutOff, runWithin } from "./run_within.ts";
import { StoreCore } from "./store_core.ts";

/**
 * The store's thread. It takes messages as they come; between two slices of a query it goes
 * back to the event loop, so that an append never waits for more than a slice.
 */

/** How often chunks are looked after. */
const TICK_MS = 1_000;
/** How long a thread that takes another's place waits for it to let go of the data directory. */
const LOCK_PATIENCE_MS = 30_000;
const LOCK_RETRY_MS = 50;

/** Begun before anything is asked: it takes longer than what else there is to do until then. */
const engine = loadDuckDb();
// Whoever opens the store is told.
engine.catch(() => {});

let core: StoreCore | null = null;
let patience = MEMORY_PATIENCE;
/** Nothing is done any more, also not what was put off to a later turn. */
let ended = false;
let pumping = false;
let ticker: ReturnType<typeof setInterval> | null = null;

// One message is handled at a time, in order, also while the engine is still being loaded.
let turn: Promise<void> = Promise.resolve();
self.onmessage = (event: MessageEvent<StoreRequest>): void => {
  const request = event.data;
  if (core !== null) {
    dispatch(request);
    return;
  }
  turn = turn.then(async () => {
    if (request.type === "open") await open(request);
    else dispatch(request);
  });
};

async function open(request: StoreRequest & { type: "open" }): Promise<void> {
  try {
    const { options, definitions } = request;
    patience = options.patience;
    const disk = options.disk === null
      ? null
      : await openDataDir(options.disk, definitions === null ? 0 : LOCK_PATIENCE_MS);
    const db = await engine;
    core = new StoreCore(db, options, systemClock, { disk, definitions });
    ticker = setInterval(() => guarded(() => store().tick()), TICK_MS);
    reply({ type: "opened", id: request.id, recovery: core.recovery });
  } catch (error) {
    return fail(request.id, error);
  }
  guarded(() => store().prepareQueries());
}

/** The lock is the kernel's: it is free once the thread before is really gone, files and all. */
async function openDataDir(
  { path, fsync }: NonNullable<StoreOptions["disk"]>,
  patienceMs: number,
): Promise<DataDir> {
  const endMs = systemClock.monotonicMs() + patienceMs;
  for (;;) {
    try {
      return new DataDir(path, fsync);
    } catch (error) {
      const inUse = error instanceof HorizonError && error.code === "conflict";
      if (!inUse || systemClock.monotonicMs() >= endMs) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, LOCK_RETRY_MS));
  }
}

function dispatch(request: StoreRequest): void {
  guarded(() => {
    try {
      handle(request);
    } catch (error) {
      fail(request.id, error);
      if (isEngineCrash(error) || error instanceof CutOff) throw error;
    }
  });
}

function handle(request: StoreRequest): void {
  const { id } = request;
  switch (request.type) {
    case "open":
      throw new HorizonError("internal", "the store is open already");
    case "append":
      store().append(
        request.frames,
        (freedKeys) => reply({ type: "appended", id, freedKeys }),
      );
      break;
    case "replace":
      store().replace(request.table, request.ipc);
      reply({ type: "done", id });
      break;
    case "query":
      store().query(id, request.query, (settled) => answer(id, settled));
      break;
    case "metrics":
      store().metrics(
        id,
        request.command,
        request.timeoutMs,
        (settled, plan) => answer(id, settled, plan),
      );
      break;
    case "cancel":
      store().cancel(id);
      break;
    case "stats":
      reply({ type: "stats", id, stats: store().stats() });
      break;
    case "chunks":
      reply({ type: "chunks", id, list: store().chunks(request.request) });
      break;
    case "close":
      if (ticker !== null) clearInterval(ticker);
      store().close();
      ended = true;
      reply({ type: "done", id });
      self.close();
      return;
  }
  pump();
}

function store(): StoreCore {
  assert(core !== null, "the store is opened before it is used");
  return core;
}

function pump(): void {
  if (ended || pumping || core === null || !core.busy) return;
  pumping = true;
  setImmediate(() => {
    pumping = false;
    guarded(() => store().step());
    pump();
  });
}

/**
 * A broken engine, or work that had to be cut off, ends the thread, loudly: the main isolate hears
 * of it and starts another.
 */
function guarded(work: () => void): void {
  if (ended) return;
  try {
    runWithin(patience.ownWorkMs, work);
  } catch (error) {
    ended = true;
    if (ticker !== null) clearInterval(ticker);
    const reason = error instanceof Error ? error.message : String(error);
    reply({ type: "broken", reason, heldBy: error instanceof QueryHeld ? error.id : null });
    self.close();
    return;
  }
  pump();
}

function answer(id: number, settled: QuerySettled, plan: StepPlan | null = null): void {
  if (settled.ok) {
    reply({ type: "result", id, outcome: settled.outcome, plan }, [
      settled.outcome.ipc.buffer,
    ]);
  } else fail(id, settled.error);
}

function fail(id: number, error: unknown): void {
  const { code, message, details, retryAfterMs } = toHorizonError(error);
  reply({ type: "failed", id, error: { code, message, details, retryAfterMs } });
}

function reply(message: StoreReply, transfer: ArrayBuffer[] = []): void {
  self.postMessage(message, transfer);
}
