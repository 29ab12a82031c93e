import protobuf from "protobufjs";
import type { OtlpSignal } from "../../../../mod/otlp/otlp_signal.ts";

const PROTO = new URL("../../../fixtures/otlp/otlp.proto", import.meta.url);
const root = protobuf.parse(Deno.readTextFileSync(PROTO)).root;

/** A request as an object with protobufjs' names: lowerCamelCase, 64-bit integers as strings. */
export type RequestObject = { readonly [key: string]: unknown };

const REQUESTS: Readonly<Record<OtlpSignal, string>> = {
  traces: "otlp.ExportTraceServiceRequest",
  metrics: "otlp.ExportMetricsServiceRequest",
  logs: "otlp.ExportLogsServiceRequest",
};

/** Encodes with protobufjs, which knows nothing of our code. */
export function encodeRequest(signal: OtlpSignal, request: RequestObject): Uint8Array {
  const type = root.lookupType(REQUESTS[signal]);
  return Uint8Array.from(type.encode(type.fromObject(request)).finish());
}

/**
 * The same request as OTLP/JSON: what protobufjs takes, but ids are hexadecimal and other bytes
 * base64.
 */
export function jsonRequest(request: RequestObject): Uint8Array {
  const text = JSON.stringify(request, (key, value: unknown) => {
    if (!(value instanceof Uint8Array)) return namedDouble(value);
    return ID_KEYS.has(key) ? hex(value) : btoa(String.fromCharCode(...value));
  });
  return new TextEncoder().encode(text);
}

const ID_KEYS: ReadonlySet<string> = new Set(["traceId", "spanId", "parentSpanId"]);

function namedDouble(value: unknown): unknown {
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function bytesOfHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** Attributes as `KeyValue`s: strings, booleans and doubles as they are, integers as bigint. */
export function keyValues(
  attributes: Readonly<Record<string, string | boolean | number | bigint>>,
): RequestObject[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }));
}

export function anyValue(value: string | boolean | number | bigint): RequestObject {
  switch (typeof value) {
    case "string":
      return { stringValue: value };
    case "boolean":
      return { boolValue: value };
    case "bigint":
      return { intValue: value.toString() };
    default:
      return { doubleValue: value };
  }
}
