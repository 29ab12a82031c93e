import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import {
  type handleUnaryCall,
  logVerbosity,
  Server,
  ServerCredentials,
  setLogVerbosity,
} from "@grpc/grpc-js";
import { formatListenAddress, type ListenAddress } from "../../mod/config/listen_address.ts";
import type { Logger } from "../../mod/log/logger.ts";
import {
  OTLP_SIGNALS,
  type OtlpEncoding,
  type OtlpSignal,
  type ReceiveOutcome,
} from "../../mod/otlp/otlp_signal.ts";
import { encodeExportResponse } from "../../mod/otlp/responses.ts";
import type { SourceBook } from "../../mod/sources/source_book.ts";
import { bindFailure } from "../bind_failure.ts";
import { CallGate, type CallLimits, type CallStats, type GrpcAuthorize } from "./call_gate.ts";
import { HealthService, type ServiceHealthSource } from "../grpc_health/health_service.ts";
import { systemTimers } from "../scheduler.ts";
import { exportService, serviceName } from "./export_services.ts";
import { grpcStatus, shownFailure } from "./grpc_status.ts";
import { withoutGoaway } from "./no_goaway.ts";

/** The receive path that every OTLP transport shares. Resolves when the records are kept. */
export interface OtlpGrpcReceivePort {
  receive(signal: OtlpSignal, body: Uint8Array, encoding: OtlpEncoding): Promise<ReceiveOutcome>;
}

export interface OtlpGrpcOptions extends ListenAddress {
  readonly receiver: OtlpGrpcReceivePort;
  readonly authorize: GrpcAuthorize;
  /** Where it is noted what becomes of calls and their records. */
  readonly book: SourceBook;
  /** Bytes of a message, as it is sent and decompressed; a larger one is RESOURCE_EXHAUSTED. */
  readonly maxMessageBytes: number;
  /** What `grpc.health.v1` tells, to everybody; the services of OTLP are as the server as a whole. */
  readonly health: ServiceHealthSource;
  readonly log: Pick<Logger, "error">;
  readonly limits?: Partial<CallLimits>;
}

/** A listener that takes calls. */
export interface RunningOtlpGrpc {
  /** The bound IP address, with the real port where 0 was asked for. */
  readonly address: ListenAddress;
  readonly stats: CallStats;
  /**
   * Takes no more calls and waits for those under way; past the deadline they are answered
   * with UNAVAILABLE. Answers whether they ended by themselves.
   */
  shutdown(deadlineMs: number): Promise<"drained" | "cut">;
}

export const DEFAULT_CALL_LIMITS: CallLimits = {
  maxCalls: 256,
  maxBufferedBytes: 192 * 1024 * 1024,
  messageTimeoutMs: 30_000,
};

/** Calls of one connection at a time; a client keeps others back until it may send them. */
const MAX_CALLS_PER_CONNECTION = 100;
/** A peer that went away without a word is noticed after these two. */
const KEEPALIVE_MS = 60_000;
const KEEPALIVE_TIMEOUT_MS = 20_000;
/** How long, once no call is under way, answers may take to leave and clients to hang up. */
const CLOSE_GRACE_MS = 500;

/**
 * Serves OTLP over gRPC without TLS (OTLP specification, "OTLP/gRPC").
 * @throws HorizonError `conflict` when the address is taken, `invalid_argument` when it is not
 * this host's, `permission_denied` when the port needs privileges
 */
export async function startOtlpGrpc(options: OtlpGrpcOptions): Promise<RunningOtlpGrpc> {
  // It would write to stderr in a format of its own, senders' headers among it.
  setLogVerbosity(logVerbosity.NONE);
  const { authorize, book, log, maxMessageBytes } = options;
  const gate = new CallGate({
    authorize,
    book,
    log,
    limits: { ...DEFAULT_CALL_LIMITS, ...options.limits },
  });
  const server = new Server({
    interceptors: [gate.interceptor],
    "grpc.max_receive_message_length": maxMessageBytes,
    "grpc.max_concurrent_streams": MAX_CALLS_PER_CONNECTION,
    "grpc.keepalive_time_ms": KEEPALIVE_MS,
    "grpc.keepalive_timeout_ms": KEEPALIVE_TIMEOUT_MS,
    "grpc.enable_channelz": 0,
  });
  for (const signal of OTLP_SIGNALS) {
    server.addService(exportService(signal), { Export: exportHandler(signal, options) });
  }
  const health = new HealthService({
    health: async () => withOtlpServices(await options.health()),
    timers: systemTimers,
  });
  server.addService(health.definition, {
    Check: health.check,
    List: health.list,
    Watch: health.watch,
  });
  const address = await withoutGoaway(
    () => bind(server, options),
    (error) => {
      if (hungUp(error)) return;
      book.refused("connection_failed", `a connection is not one of gRPC: ${error.message}`);
    },
  );
  let stopped: Promise<"drained" | "cut"> | null = null;
  return {
    address,
    get stats() {
      return gate.stats;
    },
    shutdown: (deadlineMs) => stopped ??= stop(server, gate, health, deadlineMs),
  };
}

/** A port scan or a probe that only looks whether the port is open does so; nothing was sent. */
function hungUp(error: Error): boolean {
  return /\b(?:EPIPE|ECONNRESET)\b/.test(error.message);
}

/** A client may ask for the health of the service that it calls. */
function withOtlpServices(health: ReadonlyMap<string, boolean>): ReadonlyMap<string, boolean> {
  const well = health.get("") ?? false;
  return new Map([
    ...health,
    ...OTLP_SIGNALS.map((signal) => [serviceName(signal), well] as const),
  ]);
}

function exportHandler(
  signal: OtlpSignal,
  { receiver, book, log }: OtlpGrpcOptions,
): handleUnaryCall<Uint8Array, Uint8Array> {
  return (call, answer) => {
    book.follow(signal, () => receiver.receive(signal, call.request, "protobuf")).then(
      (outcome) => answer(null, encodeExportResponse(signal, outcome, "protobuf")),
      (error: unknown) => answer(grpcStatus(shownFailure(error, log))),
    );
  };
}

/** Binds one address, where grpc-js would bind all that a name has and pass over some. */
async function bind(server: Server, { hostname, port }: ListenAddress): Promise<ListenAddress> {
  try {
    const ip = isIP(hostname) === 0 ? (await lookup(hostname)).address : hostname;
    const bound = Promise.withResolvers<number>();
    server.bindAsync(
      formatListenAddress({ hostname: ip, port }),
      ServerCredentials.createInsecure(),
      (error, boundPort) => error === null ? bound.resolve(boundPort) : bound.reject(error),
    );
    return { hostname: ip, port: await bound.promise };
  } catch (error) {
    const unbound = { hostname, port, purpose: "otlp_grpc", setting: "--otlp-grpc" };
    throw error instanceof Error ? bindFailure(error, unbound) : error;
  }
}

async function stop(
  server: Server,
  gate: CallGate,
  health: HealthService,
  deadlineMs: number,
): Promise<"drained" | "cut"> {
  // Watches would never end by themselves.
  health.close();
  const closed = Promise.withResolvers<void>();
  // It has no failure to tell; what does not close is closed by force.
  server.tryShutdown(() => closed.resolve());
  const drained = await settlesWithin(gate.idle(), deadlineMs);
  if (!drained) gate.cut();
  await settlesWithin(closed.promise, CLOSE_GRACE_MS);
  server.forceShutdown();
  return drained ? "drained" : "cut";
}

async function settlesWithin(work: Promise<void>, deadlineMs: number): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => late.resolve(false), deadlineMs);
  try {
    return await Promise.race([work.then(() => true), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
