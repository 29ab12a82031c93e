import type { Clock } from "../../mod/clock.ts";
import { HorizonError } from "../../mod/errors.ts";
import type { RowFeed } from "../../mod/live/row_feed.ts";
import type { SampleBatch } from "../../mod/latest/latest_values.ts";
import type { LatestSource, SeriesSource } from "../sources.ts";
import {
  STREAM_CONNECTION_LIMITS,
  StreamConnection,
  type StreamConnectionLimits,
  type StreamSample,
} from "./stream_connection.ts";
import { MetricsFrames } from "./stream_frames.ts";

export interface StreamLimits extends StreamConnectionLimits {
  readonly maxConnections: number;
  /** Seconds without an answer to a ping after which a client counts as gone. */
  readonly idleTimeoutS: number;
}

export const STREAM_LIMITS: StreamLimits = {
  ...STREAM_CONNECTION_LIMITS,
  maxConnections: 64,
  idleTimeoutS: 30,
};

export interface StreamStats {
  readonly connections: number;
  readonly sentFrames: number;
  readonly droppedFrames: number;
  readonly refusedConnections: number;
}

/** Subprotocol that clients offer beside `bearer.<token>`. */
const SUBPROTOCOL = "horizon";
// RFC 6455 section 7.4.1: the server goes away.
const CLOSE_GOING_AWAY = 1001;
const RETRY_AFTER_MS = 5_000;

/**
 * All clients of `/api/stream`, and the one subscription to the collectors that feeds them samples;
 * rows each of them follows by itself.
 */
export class LiveStream {
  readonly #live: Pick<RowFeed, "subscribe">;
  readonly #latest: Pick<LatestSource, "subscribe">;
  readonly #series: Pick<SeriesSource, "get">;
  readonly #limits: StreamLimits;
  readonly #clock: Clock;
  readonly #frames = new MetricsFrames();
  readonly #clients = new Map<WebSocket, StreamConnection>();
  #unsubscribe: (() => void) | null = null;
  #closed = false;
  #refused = 0;
  #sentByGone = 0;
  #droppedByGone = 0;

  constructor(
    latest: Pick<LatestSource, "subscribe">,
    series: Pick<SeriesSource, "get">,
    limits: StreamLimits,
    clock: Clock,
    live: Pick<RowFeed, "subscribe">,
  ) {
    this.#live = live;
    this.#latest = latest;
    this.#series = series;
    this.#limits = limits;
    this.#clock = clock;
  }

  get stats(): StreamStats {
    let [sentFrames, droppedFrames] = [this.#sentByGone, this.#droppedByGone];
    for (const client of this.#clients.values()) {
      sentFrames += client.sentFrames;
      droppedFrames += client.droppedFrames;
    }
    return {
      connections: this.#clients.size,
      sentFrames,
      droppedFrames,
      refusedConnections: this.#refused,
    };
  }

  /**
   * Upgrades a request to a WebSocket and serves it until either side closes.
   * @throws HorizonError `invalid_argument` when it asks for no WebSocket, `overloaded` when
   * there are too many, `unavailable` when shutting down
   */
  accept(request: Request): Response {
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      throw new HorizonError("invalid_argument", "this path speaks WebSocket only");
    }
    if (this.#closed) throw new HorizonError("unavailable", "Horizon is shutting down");
    if (this.#clients.size >= this.#limits.maxConnections) {
      this.#refused++;
      throw new HorizonError(
        "overloaded",
        "too many live connections are open",
        { max_connections: this.#limits.maxConnections },
        RETRY_AFTER_MS,
      );
    }
    const { socket, response } = upgrade(request, this.#limits.idleTimeoutS);
    this.#serve(socket);
    return response;
  }

  /** Closes every connection, and takes no more. */
  close(): void {
    this.#closed = true;
    for (const socket of this.#clients.keys()) {
      socket.close(CLOSE_GOING_AWAY, "Horizon is shutting down");
    }
  }

  #serve(socket: WebSocket): void {
    const client = new StreamConnection(
      socket,
      this.#frames,
      this.#limits,
      this.#clock,
      this.#live,
    );
    this.#clients.set(socket, client);
    this.#unsubscribe ??= this.#latest.subscribe((batch) => this.#push(batch));
    socket.onmessage = ({ data }) => client.receive(data);
    // A connection that was lost; `close` follows and does what there is to do.
    socket.onerror = (event) => event.preventDefault();
    // The slot is held until the socket is really gone, so that stuck ones stay counted.
    socket.onclose = () => this.#forget(socket, client);
  }

  #forget(socket: WebSocket, client: StreamConnection): void {
    if (!this.#clients.delete(socket)) return;
    client.close();
    this.#sentByGone += client.sentFrames;
    this.#droppedByGone += client.droppedFrames;
    if (this.#clients.size > 0) return;
    this.#unsubscribe?.();
    this.#unsubscribe = null;
  }

  #push({ tsUs, samples }: SampleBatch): void {
    const known: StreamSample[] = [];
    for (const { seriesId, value } of samples) {
      const definition = this.#series.get(seriesId);
      if (definition !== undefined) known.push({ definition, value });
    }
    for (const client of this.#clients.values()) client.push(tsUs, known);
  }
}

function upgrade(request: Request, idleTimeout: number): Deno.WebSocketUpgrade {
  const offered = (request.headers.get("sec-websocket-protocol") ?? "").split(",");
  const named = offered.some((protocol) => protocol.trim() === SUBPROTOCOL);
  try {
    return Deno.upgradeWebSocket(request, {
      idleTimeout,
      ...named ? { protocol: SUBPROTOCOL } : {},
    });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new HorizonError(
      "invalid_argument",
      `not a WebSocket handshake: ${error.message}`,
      {},
      null,
      {
        cause: error,
      },
    );
  }
}
