import type { OtlpStats } from "../../mod/otlp/receive.ts";
import type { ReceiverStatus } from "../sources.ts";

/** The OTLP receiver's counters as `/api/ingest` and `/metrics` show them. */
export function receiverStatus({ signals }: OtlpStats): ReceiverStatus[] {
  return Object.entries(signals).map(([signal, stats]) => ({
    protocol: "otlp",
    signal,
    requests: stats.requests,
    accepted: stats.accepted,
    rejected: {
      ...Object.fromEntries(Object.entries(stats.rejected).map(([k, v]) => [k, v ?? 0])),
      malformed_request: stats.malformed,
      overloaded_request: stats.overloaded,
      failed_request: stats.failed,
    },
  }));
}
