import { type Client, type ClientReadableStream, Metadata, type ServiceError } from "@grpc/grpc-js";
import type { Finding } from "../../../mod/health/health_state.ts";
import {
  decodeCheckResponse,
  encodeCheckRequest,
  type ServingStatus,
  WATCH_PATH,
} from "../../grpc_health/messages.ts";
import type { Timers } from "../../scheduler.ts";
import type { Probe } from "../probe.ts";
import { callFailure, type GrpcTarget, healthClient, servingFinding } from "./grpc_client.ts";

export interface GrpcWatchOptions extends GrpcTarget {
  readonly timers: Timers;
  /** In [0, 1); spreads the reconnections of many watchers. */
  readonly random: () => number;
}

/** Waits between connections double from the first to the last of these. */
const FIRST_BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 30_000;

/**
 * Keeps a `Watch` open, so that a change is known at once. While there is no stream the check is
 * unhealthy with the reason, and the stream is opened again, each time after a longer wait until
 * an answer comes.
 */
export class GrpcWatch implements Probe {
  readonly late = "unhealthy";
  readonly #options: GrpcWatchOptions;
  #wake: () => void = () => {};
  #client: Client | null = null;
  #stream: ClientReadableStream<ServingStatus> | null = null;
  #known: Finding | null = null;
  #failures = 0;
  #cancelTimer: () => void = () => {};
  #closed = false;
  readonly #waiting = new Set<(found: Finding) => void>();

  constructor(options: GrpcWatchOptions) {
    this.#options = options;
  }

  open(wake: () => void): void {
    this.#wake = wake;
    this.#connect();
  }

  /** What was last heard; waits for it where nothing was yet. */
  look(signal: AbortSignal): Promise<Finding> {
    if (this.#known !== null) return Promise.resolve(this.#known);
    return new Promise((resolve) => {
      const heard = (found: Finding): void => {
        this.#waiting.delete(heard);
        signal.removeEventListener("abort", late);
        resolve(found);
      };
      const late = (): void => heard(callFailure(SILENT, this.#options));
      this.#waiting.add(heard);
      signal.addEventListener("abort", late);
    });
  }

  close(): void {
    this.#closed = true;
    this.#cancelTimer();
    this.#hangUp();
  }

  #connect(): void {
    const { service } = this.#options;
    try {
      this.#client = healthClient(this.#options);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return this.#lost({ state: "unknown", message: `cannot watch: ${message}`, output: null });
    }
    const stream = this.#client.makeServerStreamRequest(
      WATCH_PATH,
      encodeCheckRequest,
      decodeCheckResponse,
      { service },
      new Metadata(),
    );
    this.#stream = stream;
    stream.on("data", (serving: ServingStatus) => {
      if (this.#stream !== stream) return;
      this.#failures = 0;
      this.#hear(servingFinding(serving, service));
    });
    stream.on("error", (error: ServiceError) => {
      if (this.#stream === stream) this.#lost(callFailure(error, this.#options));
    });
    stream.on("end", () => {
      if (this.#stream === stream) this.#lost(callFailure(ENDED, this.#options));
    });
  }

  #lost(found: Finding): void {
    this.#hangUp();
    if (this.#closed) return;
    this.#hear(found);
    const waitMs = Math.min(FIRST_BACKOFF_MS * 2 ** this.#failures, MAX_BACKOFF_MS);
    this.#failures = Math.min(this.#failures + 1, 16);
    const spreadMs = waitMs * (0.5 + this.#options.random() / 2);
    this.#cancelTimer = this.#options.timers.after(spreadMs, () => this.#connect());
  }

  #hear(found: Finding): void {
    const changed = found.state !== this.#known?.state || found.message !== this.#known.message;
    this.#known = found;
    if (this.#waiting.size > 0) { for (const heard of [...this.#waiting]) heard(found); }
    else if (changed) this.#wake();
  }

  #hangUp(): void {
    const [stream, client] = [this.#stream, this.#client];
    this.#stream = null;
    this.#client = null;
    stream?.cancel();
    client?.close();
  }
}

/** Stand-ins for statuses that no server sent (gRPC codes DEADLINE_EXCEEDED, UNAVAILABLE). */
const SILENT = { code: 4, details: "" };
const ENDED = { code: 14, details: "the server ended the watch" };
