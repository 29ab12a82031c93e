import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import * as grpc from "@grpc/grpc-js";
import {
  CHECK_PATH,
  decodeCheckResponse,
  encodeCheckRequest,
  LIST_PATH,
  type ServingStatus,
  WATCH_PATH,
} from "../../collectors/grpc_health/messages.ts";
import { MAX_WATCHES } from "../../collectors/grpc_health/health_service.ts";
import { grpcProbe } from "../../collectors/health/probes/grpc_probe.ts";
import {
  type RunningOtlpGrpc,
  startOtlpGrpc,
} from "../../collectors/otlp_grpc/otlp_grpc_server.ts";
import { systemClock } from "../../mod/clock.ts";
import { silentLogger } from "../../mod/log/logger.ts";
import { SourceRegistry } from "../../mod/sources/source_registry.ts";
import { PATIENCE_MS, until, within } from "../support/until.ts";
import protobuf from "protobufjs";

const TRACES = "opentelemetry.proto.collector.trace.v1.TraceService";

// As grpc-proto has it (grpc/health/v1/health.proto).
const LIST = protobuf.parse(`syntax = "proto3";
  message HealthListResponse { map<string, HealthCheckResponse> statuses = 1; }
  message HealthCheckResponse { int32 status = 1; }`).root.lookupType("HealthListResponse");

/** A listener that nobody may send to, whose health is what the map says. */
async function withServer(
  health: Map<string, boolean>,
  test: (client: grpc.Client, server: RunningOtlpGrpc) => Promise<void>,
): Promise<void> {
  const server = await startOtlpGrpc({
    hostname: "127.0.0.1",
    port: 0,
    receiver: { receive: () => Promise.reject(new Error("nobody sends")) },
    book: new SourceRegistry(systemClock).open("otlp_grpc", "test", ["traces"]),
    authorize: () => ({ ok: false, code: "unauthenticated", message: "no token" }),
    maxMessageBytes: 1_000,
    health: () => Promise.resolve(health),
    log: silentLogger,
  });
  const client = new grpc.Client(
    `127.0.0.1:${server.address.port}`,
    grpc.credentials.createInsecure(),
    { "grpc.use_local_subchannel_pool": 1, "grpc.enable_retries": 0 },
  );
  try {
    await test(client, server);
  } finally {
    client.close();
    await server.shutdown(1_000);
  }
}

function watch(client: grpc.Client, service: string) {
  const heard: ServingStatus[] = [];
  const ended = Promise.withResolvers<number>();
  const stream = client.makeServerStreamRequest(
    WATCH_PATH,
    encodeCheckRequest,
    decodeCheckResponse,
    { service },
    new grpc.Metadata(),
  );
  stream.on("data", (status: ServingStatus) => heard.push(status));
  stream.on("error", (error: grpc.ServiceError) => ended.resolve(error.code));
  stream.on("end", () => ended.resolve(grpc.status.OK));
  return { heard, stream, ended: within("the end of the watch", PATIENCE_MS, ended.promise) };
}

Deno.test("Horizon's grpc.health.v1: Check tells everybody, also where sending wants a token", async () => {
  await withServer(new Map([["", true], ["horizon.disk", false]]), async (_client, server) => {
    const check = async (service: string) => {
      const address = { hostname: "127.0.0.1", port: server.address.port };
      const probe = grpcProbe({ address, service, tls: null });
      return (await probe.look(new AbortController().signal)).message;
    };
    assert.equal(await check(""), "the server is SERVING");
    assert.equal(await check(TRACES), `service ${TRACES} is SERVING`);
    assert.equal(await check("horizon.disk"), "service horizon.disk is NOT_SERVING");
    assert.match(await check("nobody"), /does not know service nobody/);
  });
});

Deno.test("Horizon's grpc.health.v1: List tells the status of each", async () => {
  await withServer(new Map([["", false], ["horizon.store", true]]), async (client) => {
    const bytes = await new Promise<Uint8Array>((resolve, reject) => {
      client.makeUnaryRequest(
        LIST_PATH,
        encodeCheckRequest,
        (answer: Uint8Array) => answer,
        { service: "" },
        (error, answer) => error === null ? resolve(answer!) : reject(error),
      );
    });
    const { statuses } = LIST.toObject(LIST.decode(bytes));
    assert.deepEqual(statuses[""], { status: 2 });
    assert.deepEqual(statuses["horizon.store"], { status: 1 });
    assert.deepEqual(statuses[TRACES], { status: 2 });
    assert.equal(Object.keys(statuses).length, 5);
  });
});

Deno.test("Horizon's grpc.health.v1: Watch tells changes, and the end", async () => {
  const health = new Map([["", true]]);
  await withServer(health, async (client, server) => {
    const [all, none] = [watch(client, ""), watch(client, "nobody")];
    await until(
      "first words",
      PATIENCE_MS,
      () => all.heard.length + none.heard.length === 2 || null,
    );
    health.set("", false);
    await until("the change", PATIENCE_MS, () => all.heard.length === 2 || null);
    health.set("", true);
    await until("the change back", PATIENCE_MS, () => all.heard.length === 3 || null);
    assert.deepEqual(await server.shutdown(PATIENCE_MS), "drained");
    assert.equal(await all.ended, grpc.status.OK);
    assert.deepEqual(all.heard, ["SERVING", "NOT_SERVING", "SERVING", "NOT_SERVING"]);
    assert.deepEqual(none.heard, ["SERVICE_UNKNOWN", "NOT_SERVING"]);
  });
});

Deno.test("Horizon's grpc.health.v1: watches have a bound, and room again when one ends", async () => {
  await withServer(new Map([["", true]]), async (client) => {
    const open = Array.from({ length: MAX_WATCHES }, () => watch(client, ""));
    await until(
      "all of them",
      PATIENCE_MS,
      () => open.every(({ heard }) => heard.length > 0) || null,
    );
    assert.equal(await watch(client, "").ended, grpc.status.RESOURCE_EXHAUSTED);
    open[0]?.stream.cancel();
    assert.equal(await open[0]?.ended, grpc.status.CANCELLED);
    await until("room", PATIENCE_MS, async () => {
      const next = watch(client, "");
      await Promise.race([
        next.ended,
        until("a word", PATIENCE_MS, () => next.heard.length || null),
      ]);
      return next.heard.length > 0 || null;
    });
    assert.equal(await watch(client, "x".repeat(600)).ended, grpc.status.RESOURCE_EXHAUSTED);
  });
});

Deno.test("Horizon's grpc.health.v1: a damaged request is refused, no path answers without end", async () => {
  await withServer(new Map([["", true]]), async (client) => {
    const code = await new Promise<number>((resolve) => {
      client.makeUnaryRequest(
        CHECK_PATH,
        (bytes: Uint8Array) => Buffer.from(bytes),
        decodeCheckResponse,
        Uint8Array.of(0x0a, 0x7f, 1),
        (error) => resolve(error?.code ?? grpc.status.OK),
      );
    });
    assert.notEqual(code, grpc.status.OK);
  });
});
