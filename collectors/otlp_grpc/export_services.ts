import { Buffer } from "node:buffer";
import type { MethodDefinition, ServiceDefinition } from "@grpc/grpc-js";
import type { OtlpSignal } from "../../mod/otlp/otlp_signal.ts";

const SERVICES: Readonly<Record<OtlpSignal, string>> = {
  traces: "opentelemetry.proto.collector.trace.v1.TraceService",
  metrics: "opentelemetry.proto.collector.metrics.v1.MetricsService",
  logs: "opentelemetry.proto.collector.logs.v1.LogsService",
};

/** The signal's service, as gRPC knows it. */
export const serviceName = (signal: OtlpSignal): string => SERVICES[signal];

/** A call that takes and answers the bytes of a message. */
export type RawMethod = MethodDefinition<Uint8Array, Uint8Array>;

/**
 * The signal's collector service (opentelemetry-proto, collector), with messages left as they
 * are on the wire: the receive path decodes them itself.
 */
export function exportService(signal: OtlpSignal): ServiceDefinition & { Export: RawMethod } {
  return {
    Export: {
      path: `/${SERVICES[signal]}/Export`,
      requestStream: false,
      responseStream: false,
      requestSerialize: asBuffer,
      requestDeserialize: asBytes,
      responseSerialize: asBuffer,
      responseDeserialize: asBytes,
    },
  };
}

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

// A Buffer's `slice` shares its memory, a Uint8Array's copies: decoders rely on the latter.
function asBytes({ buffer, byteOffset, byteLength }: Buffer): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
