import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import * as grpc from "@grpc/grpc-js";
import { sendLoad } from "../bench/http_load.ts";
import { spansBody } from "../bench/otlp_bodies.ts";
import { rssMib } from "../bench/process_usage.ts";
import { withHorizon } from "../support/running_horizon.ts";
import { PATIENCE_MS, until } from "../support/until.ts";
import { encodeRequest } from "../unit/mod/otlp/reference_encoder.ts";

/** A minute where `HORIZON_LONG_TESTS` is set; else long enough to meet every bound. */
const SECONDS = Deno.env.get("HORIZON_LONG_TESTS") === undefined ? 5 : 60;
const CONNECTIONS = 160;
const ROWS = 250;
const MEMORY_BUDGET_MIB = 160;
const PENDING_MIB = 1;
/**
 * What Horizon may use besides the budget of stored data, as docs/performance.md has it: itself when
 * idle, run from source (300 MiB); buffers of the 160 connections (1 MiB each and a little); the sorted
 * copy of a chunk that sealing makes, whose room the engine keeps.
 */
const MAX_OVERHEAD_MIB = 640;
/** What dropped chunks may hold on to while a statement reads them. */
const MAX_PINNED_SHARE = 0.25;

const CONFIG = `
storage: { memory_budget: ${MEMORY_BUDGET_MIB}MiB }
ingest: { max_pending_bytes: ${PENDING_MIB}MiB }
collectors: { processes: { enabled: false } }
`;

/** Large enough that it hardly ever fits beside the load. */
const PROBE = "probe".padEnd(200_000, ".");
const oneLog = encodeRequest("logs", {
  resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: PROBE } }] }] }],
});

/** What became of the requests of one probing client. */
interface Probed {
  kept: number;
  refused: number;
}

/** Sends a log record again and again over HTTP; whoever is refused must be told when to come back. */
async function probeHttp(url: string, going: () => boolean): Promise<Probed> {
  const probed = { kept: 0, refused: 0 };
  while (going()) {
    const answer = await fetch(`${url}/v1/logs`, {
      method: "POST",
      headers: { "content-type": "application/x-protobuf" },
      body: Uint8Array.from(oneLog),
    });
    await answer.body?.cancel();
    if (answer.status === 200) probed.kept++;
    else {
      assert.ok([429, 503].includes(answer.status), String(answer.status));
      assert.ok(Number(answer.headers.get("retry-after")) >= 1, "says when to come back");
      probed.refused++;
    }
  }
  return probed;
}

/** The same over gRPC: what may be retried says so by its code and its RetryInfo. */
async function probeGrpc(address: string, going: () => boolean): Promise<Probed> {
  const probed = { kept: 0, refused: 0 };
  const client = new grpc.Client(address, grpc.credentials.createInsecure(), {
    "grpc.enable_retries": 0,
  });
  while (going()) {
    await new Promise<void>((resolve, reject) =>
      client.makeUnaryRequest(
        "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
        (bytes: Uint8Array) => Buffer.from(bytes),
        (bytes: Buffer) => bytes,
        oneLog,
        (error) => {
          if (error === null) probed.kept++;
          else {
            const { RESOURCE_EXHAUSTED, UNAVAILABLE } = grpc.status;
            const told = error.metadata.get("grpc-status-details-bin").length === 1;
            if (![RESOURCE_EXHAUSTED, UNAVAILABLE].includes(error.code) || !told) reject(error);
            probed.refused++;
          }
          resolve();
        },
      )
    );
  }
  client.close();
  return probed;
}

Deno.test("overload: memory stays bounded, refusals can be retried, nothing acknowledged is lost", async () => {
  const folder = await Deno.makeTempDir();
  const config = `${folder}/horizon.yaml`;
  await Deno.writeTextFile(config, CONFIG);
  await withHorizon(async (horizon) => {
    const { otlpHttpUrl, url, addresses, pid } = horizon;
    let peakMib = 0;
    const watch = setInterval(() => peakMib = Math.max(peakMib, rssMib(pid)), 100);
    let storedMib = 0;
    const watchStore = async (going: () => boolean) => {
      while (going()) {
        const { bytes } = await (await fetch(`${url}/api/storage`)).json();
        storedMib = Math.max(storedMib, bytes / 2 ** 20);
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
    };
    let loading = true;
    const going = () => loading;
    const watched = watchStore(going);
    const probes = [
      probeHttp(otlpHttpUrl, going),
      probeHttp(url, going),
      probeGrpc(addresses["otlp_grpc"]!, going),
    ];
    const load = await sendLoad({
      url: otlpHttpUrl,
      signal: "traces",
      bodies: Array.from({ length: 4 }, () => spansBody(ROWS)),
      rowsPerBody: ROWS,
      connections: CONNECTIONS,
      seconds: SECONDS,
    }).finally(() => loading = false);
    const probed = await Promise.all(probes);
    await watched;

    // Recovery: the very next request is taken, and Horizon says that it is well.
    const next = await probeOnce(otlpHttpUrl);
    clearInterval(watch);
    assert.equal(next, 200);
    assert.equal((await fetch(`${url}/readyz`)).status, 200);

    const kept = load.keptRows / ROWS;
    const ratio = (load.refused + kept) / kept;
    if (SECONDS > 5) {
      const figures = {
        ratio,
        kept_rows: load.keptRows,
        refused: load.refused,
        peakMib,
        storedMib,
        probed,
      };
      Deno.stderr.writeSync(new TextEncoder().encode(`${JSON.stringify(figures)}\n`));
    }
    assert.ok(load.refused > 0, "it was more than it could take");
    assert.ok(storedMib < MEMORY_BUDGET_MIB * (1 + MAX_PINNED_SHARE), `${storedMib} MiB stored`);
    assert.ok(peakMib < MEMORY_BUDGET_MIB + MAX_OVERHEAD_MIB, `${peakMib} MiB`);

    // Every acknowledged row is there, or was evicted by the budget, which is counted.
    const stored = await until("counted", PATIENCE_MS, async () => {
      const [[n] = []] = await horizon.sql("SELECT count(*) FROM spans");
      const evicted = await metric(url, /^horizon_store_evicted_rows_total\{signal="spans"/);
      return Number(n) + evicted === load.keptRows ? Number(n) : null;
    }).catch(async (error) => {
      const [[n] = []] = await horizon.sql("SELECT count(*) FROM spans");
      throw new Error(`${n} of ${load.keptRows} spans`, { cause: error });
    });
    assert.ok(stored > 0);
    const logs = probed.reduce((sum, one) => sum + one.kept, 1);
    const [[found] = []] = await horizon.sql(
      "SELECT count(*) FROM logs WHERE starts_with(body, 'probe')",
    );
    // Their texts are large: within a minute the budget takes the oldest of them, too.
    const evictedLogs = await metric(url, /^horizon_store_evicted_rows_total\{signal="logs"/);
    assert.equal(Number(found) + evictedLogs, logs);
    const { sources } = await (await fetch(`${url}/api/ingest`)).json();
    const http = sources.find(({ kind }: { kind: string }) => kind === "otlp_http");
    const refusedHttp = load.refused + (probed[0]?.refused ?? 0) + (probed[1]?.refused ?? 0);
    assert.equal(http.refused.overloaded, refusedHttp, "each refusal is counted");
  }, { args: ["--config", config, "--otlp-grpc", "127.0.0.1:0"] });
  await Deno.remove(folder, { recursive: true });
});

async function probeOnce(url: string): Promise<number> {
  const answer = await fetch(`${url}/v1/logs`, {
    method: "POST",
    headers: { "content-type": "application/x-protobuf" },
    body: Uint8Array.from(oneLog),
  });
  await answer.body?.cancel();
  return answer.status;
}

/** The sum of all samples of `/metrics` whose line begins so. */
async function metric(url: string, line: RegExp): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return text.split("\n").filter((one) => line.test(one))
    .reduce((sum, one) => sum + Number(one.split(" ").at(-1)), 0);
}
