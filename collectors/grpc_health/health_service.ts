import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  type MethodDefinition,
  type ServerWritableStream,
  type ServiceDefinition,
  status,
} from "@grpc/grpc-js";
import type { Timers } from "../scheduler.ts";
import {
  CHECK_PATH,
  type CheckRequest,
  decodeCheckRequest,
  decodeCheckResponse,
  encodeCheckRequest,
  encodeCheckResponse,
  encodeListResponse,
  LIST_PATH,
  MAX_SERVICE_LENGTH,
  type ServingStatus,
  WATCH_PATH,
} from "./messages.ts";

/** Whether each service is well, by name; the empty name is the server as a whole. */
export type ServiceHealthSource = () => Promise<ReadonlyMap<string, boolean>>;

export interface HealthServiceOptions {
  readonly health: ServiceHealthSource;
  readonly timers: Timers;
  /** How old what watchers know may be, milliseconds. */
  readonly pollMs?: number;
}

/** Watches at a time; one more is RESOURCE_EXHAUSTED. */
export const MAX_WATCHES = 64;
const POLL_MS = 1_000;

type Statuses = ReadonlyMap<string, ServingStatus>;
type Watch = ServerWritableStream<CheckRequest, ServingStatus>;

/**
 * `grpc.health.v1.Health` (grpc-proto, grpc/health/v1/health.proto): Check and List ask when they
 * are asked, Watch is told of changes.
 */
export class HealthService {
  readonly #options: HealthServiceOptions;
  /** What each watcher was last told; null until the first word. */
  readonly #watches = new Map<Watch, ServingStatus | null>();
  #cancelPoll: (() => void) | null = null;
  #closed = false;

  constructor(options: HealthServiceOptions) {
    this.#options = options;
  }

  readonly definition = {
    Check: {
      path: CHECK_PATH,
      requestStream: false,
      responseStream: false,
      requestSerialize: encodeCheckRequest,
      requestDeserialize: decodeCheckRequest,
      responseSerialize: encodeCheckResponse,
      responseDeserialize: decodeCheckResponse,
    } satisfies MethodDefinition<CheckRequest, ServingStatus>,
    List: {
      path: LIST_PATH,
      requestStream: false,
      responseStream: false,
      requestSerialize: encodeCheckRequest,
      requestDeserialize: decodeCheckRequest,
      responseSerialize: encodeListResponse,
      responseDeserialize: (): Statuses => new Map(),
    } satisfies MethodDefinition<CheckRequest, Statuses>,
    Watch: {
      path: WATCH_PATH,
      requestStream: false,
      responseStream: true,
      requestSerialize: encodeCheckRequest,
      requestDeserialize: decodeCheckRequest,
      responseSerialize: encodeCheckResponse,
      responseDeserialize: decodeCheckResponse,
    } satisfies MethodDefinition<CheckRequest, ServingStatus>,
  } satisfies ServiceDefinition;

  readonly check: handleUnaryCall<CheckRequest, ServingStatus> = ({ request }, answer) => {
    void this.#statuses().then((statuses) => {
      const serving = statuses.get(request.service);
      if (serving !== undefined) answer(null, serving);
      else answer({ code: status.NOT_FOUND, details: "there is no service of this name" });
    });
  };

  readonly list: handleUnaryCall<CheckRequest, Statuses> = (_call, answer) => {
    void this.#statuses().then((statuses) => answer(null, statuses));
  };

  readonly watch: handleServerStreamingCall<CheckRequest, ServingStatus> = (call) => {
    if (this.#closed) return refuse(call, status.UNAVAILABLE, "Horizon is shutting down");
    if (this.#watches.size >= MAX_WATCHES) {
      return refuse(call, status.RESOURCE_EXHAUSTED, "too many watches are open");
    }
    if (call.request.service.length > MAX_SERVICE_LENGTH) {
      return refuse(call, status.INVALID_ARGUMENT, "the name is too long");
    }
    this.#watches.set(call, null);
    for (const end of ["cancelled", "close", "error"]) {
      call.on(end, () => this.#watches.delete(call));
    }
    void this.#tell();
  };

  /** Tells watchers that nothing is served any more, and ends their calls. */
  close(): void {
    this.#closed = true;
    this.#cancelPoll?.();
    for (const call of this.#watches.keys()) {
      call.write("NOT_SERVING");
      call.end();
    }
    this.#watches.clear();
  }

  /** Tells each watcher what has changed for it, and looks again later while there are any. */
  async #tell(): Promise<void> {
    const statuses = await this.#statuses();
    if (this.#closed) return;
    for (const [call, told] of this.#watches) {
      const now = statuses.get(call.request.service) ?? "SERVICE_UNKNOWN";
      if (now === told) continue;
      this.#watches.set(call, now);
      call.write(now);
    }
    this.#cancelPoll?.();
    this.#cancelPoll = this.#watches.size === 0
      ? null
      : this.#options.timers.after(this.#options.pollMs ?? POLL_MS, () => void this.#tell());
  }

  /** Never rejects: what cannot be asked does not serve. */
  async #statuses(): Promise<Statuses> {
    try {
      const health = await this.#options.health();
      return new Map([...health].map(([name, well]) => [name, well ? "SERVING" : "NOT_SERVING"]));
    } catch {
      return new Map([["", "NOT_SERVING"]]);
    }
  }
}

function refuse(call: Watch, code: status, details: string): void {
  call.emit("error", { code, details });
}
