import { Buffer } from "node:buffer";
import { bytesTag, knownFields, varintTag, WireReader } from "../../mod/otlp/wire.ts";
import { WireWriter } from "../../mod/otlp/wire_writer.ts";

// The messages of grpc.health.v1 (grpc-proto, grpc/health/v1/health.proto).

/** Values of `HealthCheckResponse.ServingStatus`. */
export const SERVING_STATUSES = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"] as const;
export type ServingStatus = typeof SERVING_STATUSES[number];

export const CHECK_PATH = "/grpc.health.v1.Health/Check";
export const LIST_PATH = "/grpc.health.v1.Health/List";
export const WATCH_PATH = "/grpc.health.v1.Health/Watch";
/** What every path of the service begins with. */
export const HEALTH_PATHS = "/grpc.health.v1.Health/";

/** Characters of a service name that is taken. */
export const MAX_SERVICE_LENGTH = 512;

/** `HealthCheckRequest`. An object, since grpc-js takes a falsy message for none. */
export interface CheckRequest {
  /** Empty: the server as a whole. */
  readonly service: string;
}

export function encodeCheckRequest({ service }: CheckRequest): Buffer {
  const writer = new WireWriter();
  if (service !== "") writer.stringField(1, service);
  return asBuffer(writer.finish());
}

/** @throws MalformedError */
export function decodeCheckRequest(bytes: Uint8Array): CheckRequest {
  const wire = new WireReader(bytes);
  const end = bytes.length;
  let service = "";
  while (wire.pos < end) {
    const tag = wire.tag(end);
    if (tag !== bytesTag(1)) {
      wire.skip(tag, knownFields(1), end);
      continue;
    }
    const valueEnd = wire.rangeEnd(end);
    service = new TextDecoder().decode(bytes.subarray(wire.pos, valueEnd));
    wire.pos = valueEnd;
  }
  return { service };
}

/** `HealthCheckResponse`. */
export function encodeCheckResponse(status: ServingStatus): Buffer {
  const writer = new WireWriter();
  writeStatus(writer, status);
  return asBuffer(writer.finish());
}

/** The status of a `HealthCheckResponse`; a value of a later version is UNKNOWN. @throws MalformedError */
export function decodeCheckResponse(bytes: Uint8Array): ServingStatus {
  const wire = new WireReader(bytes);
  const end = bytes.length;
  let status = 0;
  while (wire.pos < end) {
    const tag = wire.tag(end);
    if (tag === varintTag(1)) status = wire.uint32(end);
    else wire.skip(tag, knownFields(1), end);
  }
  return SERVING_STATUSES[status] ?? "UNKNOWN";
}

/** `HealthListResponse`: the status of every service. */
export function encodeListResponse(statuses: ReadonlyMap<string, ServingStatus>): Buffer {
  const writer = new WireWriter();
  for (const [service, status] of statuses) {
    const entry = writer.begin(1);
    writer.stringField(1, service);
    const response = writer.begin(2);
    writeStatus(writer, status);
    writer.end(response);
    writer.end(entry);
  }
  return asBuffer(writer.finish());
}

function writeStatus(writer: WireWriter, status: ServingStatus): void {
  const value = SERVING_STATUSES.indexOf(status);
  if (value === 0) return;
  writer.varint(varintTag(1));
  writer.varint(value);
}

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
