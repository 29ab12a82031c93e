import type { Registry } from "prom-client";
import type { BodyStats } from "../body/body_reader.ts";
import type { StreamStats } from "../stream/live_stream.ts";
import { byLabel, one, readCounter, readGauge } from "./readings.ts";

export interface DoorMetricSources {
  readonly bodies: { readonly stats: BodyStats };
  readonly gate: { readonly stats: { readonly failures: number; readonly refused: number } };
  readonly stream: { readonly stats: StreamStats };
}

/** Registers what the HTTP side lets in, holds, and refuses; requests are counted elsewhere. */
export function registerDoorMetrics(
  registry: Registry,
  { bodies, gate, stream }: DoorMetricSources,
): void {
  readGauge(registry, {
    name: "horizon_http_buffered_body_bytes",
    help: "Bytes of request bodies in memory.",
    read: () => one(bodies.stats.bufferedBytes),
  });
  readCounter(registry, {
    name: "horizon_http_refused_bodies_total",
    help: "Request bodies refused, by the bound that refused them.",
    labelNames: ["reason"],
    read: () => byLabel("reason", bodies.stats.refused),
  });
  readCounter(registry, {
    name: "horizon_auth_failures_total",
    help: "Wrong tokens presented.",
    read: () => one(gate.stats.failures),
  });
  readCounter(registry, {
    name: "horizon_auth_refused_total",
    help: "Requests refused because their address had to wait after wrong tokens.",
    read: () => one(gate.stats.refused),
  });
  readGauge(registry, {
    name: "horizon_stream_connections",
    help: "WebSocket connections of /api/stream.",
    read: () => one(stream.stats.connections),
  });
  readCounter(registry, {
    name: "horizon_stream_frames_total",
    help: "Frames of /api/stream, by outcome; dropped ones met a full socket buffer.",
    labelNames: ["outcome"],
    read: () => [[{ outcome: "sent" }, stream.stats.sentFrames], [
      { outcome: "dropped" },
      stream.stats.droppedFrames,
    ]],
  });
  readCounter(registry, {
    name: "horizon_stream_refused_connections_total",
    help: "WebSocket connections refused because there were too many.",
    read: () => one(stream.stats.refusedConnections),
  });
}
