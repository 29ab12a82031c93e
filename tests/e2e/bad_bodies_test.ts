import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { type RunningHorizon, withHorizon } from "../support/running_horizon.ts";

const PROTOBUF = "application/x-protobuf";
const JSON_TYPE = "application/json";
const MIB = 1024 * 1024;

/** A trace request with one span of this name, as the official serializer writes it. */
function spanBody(name: string): Uint8Array<ArrayBuffer> {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  provider.getTracer("good").startSpan(name).end();
  return new Uint8Array(ProtobufTraceSerializer.serializeRequest(exporter.getFinishedSpans())!);
}

interface Post {
  readonly path?: string;
  readonly type?: string | null;
  readonly encoding?: string;
  readonly body: Uint8Array<ArrayBuffer> | string;
}

async function post(horizon: RunningHorizon, { path, type, encoding, body }: Post) {
  const response = await fetch(`${horizon.otlpHttpUrl}${path ?? "/v1/traces"}`, {
    method: "POST",
    headers: [
      ...type === null ? [] : [["content-type", type ?? PROTOBUF] as [string, string]],
      ...encoding === undefined ? [] : [["content-encoding", encoding] as [string, string]],
    ],
    // A Blob without a type: fetch would name one for a text.
    body: new Blob([body]),
  });
  return {
    status: response.status,
    type: response.headers.get("content-type"),
    body: new Uint8Array(await response.arrayBuffer()),
  };
}
