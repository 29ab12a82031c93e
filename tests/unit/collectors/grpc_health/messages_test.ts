import assert from "node:assert/strict";
import fc from "fast-check";
import protobuf from "protobufjs";
import {
  decodeCheckRequest,
  decodeCheckResponse,
  encodeCheckRequest,
  encodeCheckResponse,
  encodeListResponse,
  SERVING_STATUSES,
} from "../../../../collectors/grpc_health/messages.ts";
import { MalformedError } from "../../../../mod/otlp/malformed.ts";

// As grpc-proto has them (grpc/health/v1/health.proto).
const root = protobuf.parse(`syntax = "proto3";
  message HealthCheckRequest { string service = 1; }
  message HealthCheckResponse { int32 status = 1; }
  message HealthListResponse { map<string, HealthCheckResponse> statuses = 1; }`).root;
const Request = root.lookupType("HealthCheckRequest");
const Response = root.lookupType("HealthCheckResponse");
const List = root.lookupType("HealthListResponse");

Deno.test("grpc.health.v1 messages: are those of the reference, both ways", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), (service) => {
    const ours = encodeCheckRequest({ service });
    assert.deepEqual(Request.toObject(Request.decode(ours), { defaults: true }), { service });
    assert.deepEqual(decodeCheckRequest(Request.encode({ service }).finish()), { service });
  }));
  for (const [value, status] of SERVING_STATUSES.entries()) {
    const decoded = Response.toObject(Response.decode(encodeCheckResponse(status)), {
      defaults: true,
    });
    assert.deepEqual(decoded, { status: value });
    assert.equal(decodeCheckResponse(Response.encode({ status: value }).finish()), status);
  }
  const list = encodeListResponse(new Map([["", "SERVING"], ["a", "UNKNOWN"]]));
  assert.deepEqual(List.toObject(List.decode(list), { defaults: true }), {
    statuses: { "": { status: 1 }, a: { status: 0 } },
  });
});

Deno.test("grpc.health.v1 messages: a status of a later version is UNKNOWN, other fields are passed over", () => {
  assert.equal(decodeCheckResponse(Uint8Array.of(0x08, 99)), "UNKNOWN");
  assert.equal(decodeCheckResponse(Uint8Array.of(0x12, 1, 7, 0x08, 1)), "SERVING");
  assert.equal(decodeCheckResponse(new Uint8Array()), "UNKNOWN");
});

Deno.test("grpc.health.v1 messages: any bytes are a message or malformed", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
    for (const decode of [decodeCheckRequest, decodeCheckResponse]) {
      try {
        decode(bytes);
      } catch (error) {
        assert.ok(error instanceof MalformedError, String(error));
      }
    }
  }));
});
