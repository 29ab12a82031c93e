import assert from "node:assert/strict";
import { ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import protobuf from "protobufjs";
import { encodeExportResponse, encodeRpcStatus } from "../../../../mod/otlp/responses.ts";

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const partial = {
  accepted: 1,
  rejected: 300,
  reasons: { series_limit: 300 },
  errorMessage: "bad",
  newestUs: null,
};
const success = { accepted: 1, rejected: 0, reasons: {}, errorMessage: null, newestUs: null };

Deno.test("encodeExportResponse: is empty when everything was taken", () => {
  assert.equal(encodeExportResponse("traces", success, "protobuf").length, 0);
  assert.equal(text(encodeExportResponse("traces", success, "json")), "{}");
});

Deno.test("encodeExportResponse: the official client reads the partial success", () => {
  const response = ProtobufTraceSerializer.deserializeResponse(
    encodeExportResponse("traces", partial, "protobuf"),
  );
  assert.equal(Number(response.partialSuccess?.rejectedSpans), 300);
  assert.equal(response.partialSuccess?.errorMessage, "bad");
});

Deno.test("encodeExportResponse: JSON names the count after the signal, int64 as a string", () => {
  const named = (signal: "traces" | "metrics" | "logs"): unknown =>
    JSON.parse(text(encodeExportResponse(signal, partial, "json")));
  const errorMessage = "bad";
  assert.deepEqual(named("traces"), { partialSuccess: { rejectedSpans: "300", errorMessage } });
  assert.deepEqual(named("metrics"), {
    partialSuccess: { rejectedDataPoints: "300", errorMessage },
  });
  assert.deepEqual(named("logs"), { partialSuccess: { rejectedLogRecords: "300", errorMessage } });
});

Deno.test("encodeRpcStatus: google.rpc.Status in both encodings", () => {
  const reader = protobuf.Reader.create(encodeRpcStatus(3, "no", "protobuf"));
  assert.deepEqual([reader.uint32(), reader.int32(), reader.uint32(), reader.string()], [
    8,
    3,
    18,
    "no",
  ]);
  assert.equal(text(encodeRpcStatus(3, "no", "json")), '{"code":3,"message":"no"}');
});
