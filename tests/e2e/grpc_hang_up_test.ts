import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import * as grpc from "@grpc/grpc-js";
import { withHorizon } from "../support/running_horizon.ts";
import { encodeRequest } from "../unit/mod/otlp/reference_encoder.ts";

/** Enough for a server session that mismanages its streams to break when the client leaves. */
const CALLS = 300;
const CLIENTS = 4;
const PATH = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";

function exportOnce(client: grpc.Client, body: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) =>
    client.makeUnaryRequest(
      PATH,
      (message: Uint8Array) => Buffer.from(message),
      (bytes: Buffer) => bytes,
      body,
      (error) => error === null ? resolve() : reject(error),
    )
  );
}

Deno.test("OTLP/gRPC: clients that leave after many calls do not take Horizon down", async () => {
  await withHorizon(async (horizon) => {
    const address = horizon.addresses["otlp_grpc"];
    assert.ok(address !== undefined);
    for (let i = 0; i < CLIENTS; i++) {
      const client = new grpc.Client(address, grpc.credentials.createInsecure(), {
        "grpc.use_local_subchannel_pool": 1,
      });
      // Some at a time: each answer waits for the store.
      for (let call = 0; call < CALLS; call += 20) {
        await Promise.all(Array.from({ length: 20 }, (_, k) =>
          exportOnce(
            client,
            encodeRequest("logs", {
              resourceLogs: [{
                scopeLogs: [{ logRecords: [{ body: { stringValue: `${i}-${call + k}` } }] }],
              }],
            }),
          )));
      }
      client.close();
    }
    assert.deepEqual(
      await horizon.sql("SELECT count(DISTINCT body) FROM logs WHERE source = 'otlp'"),
      [[CALLS * CLIENTS]],
    );
    assert.equal(await horizon.stop(), 0, horizon.log);
  }, { args: ["--otlp-grpc", "127.0.0.1:0"] });
});

Deno.test("OTLP/gRPC: Horizon stops in order while a client of many calls is connected", async () => {
  await withHorizon(async (horizon) => {
    const address = horizon.addresses["otlp_grpc"];
    assert.ok(address !== undefined);
    const client = new grpc.Client(address, grpc.credentials.createInsecure(), {
      "grpc.use_local_subchannel_pool": 1,
    });
    const body = encodeRequest("logs", {
      resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: "x" } }] }] }],
    });
    for (let call = 0; call < CALLS; call += 20) {
      await Promise.all(Array.from({ length: 20 }, () => exportOnce(client, body)));
    }
    assert.equal(await horizon.stop(), 0, horizon.log);
    client.close();
  }, { args: ["--otlp-grpc", "127.0.0.1:0"] });
});
