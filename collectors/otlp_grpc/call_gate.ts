import { Readable } from "node:stream";
import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from "@grpc/grpc-js";
import { assert, HorizonError } from "../../mod/errors.ts";
import type { Logger } from "../../mod/log/logger.ts";
import type { SourceBook } from "../../mod/sources/source_book.ts";
import { HEALTH_PATHS } from "../grpc_health/messages.ts";
import { grpcStatus, shownFailure } from "./grpc_status.ts";

/** What the `authorization` of a call is worth. */
export type GrpcVerdict =
  | { readonly ok: true }
  | {
    readonly ok: false;
    readonly code: "unauthenticated" | "permission_denied" | "overloaded";
    readonly message: string;
    /** Milliseconds after which `overloaded` may be tried again. */
    readonly retryAfterMs?: number;
  };

/**
 * Judges a call before any of its message is read: its `authorization` metadata, null where
 * there is none, and the IP address it comes from.
 */
export type GrpcAuthorize = (authorization: string | null, peer: string) => GrpcVerdict;

/** Bounds of the calls of all connections together. */
export interface CallLimits {
  readonly maxCalls: number;
  /** Bytes of messages in memory, as they were sent. */
  readonly maxBufferedBytes: number;
  /** Milliseconds a message may take to arrive. */
  readonly messageTimeoutMs: number;
}

export type CallRefusal = "unauthorized" | "no_room" | "too_slow" | "shutdown";

export interface CallStats {
  /** Calls under way, and the bytes of their messages. */
  readonly open: number;
  readonly bufferedBytes: number;
  /** Calls so far, those refused among them. */
  readonly total: number;
  readonly refused: Readonly<Record<CallRefusal, number>>;
  /**
   * Calls that ended before their message was whole and were not refused here: it was too
   * large or could not be decompressed, or its sender gave up.
   */
  readonly broken: number;
}

export interface CallGateOptions {
  readonly authorize: GrpcAuthorize;
  /** Where calls that do not get as far as the receive path are noted. */
  readonly book: SourceBook;
  readonly limits: CallLimits;
  readonly log: Pick<Logger, "error">;
}

/** What a sender is told to wait when there is no room for its call. */
const RETRY_AFTER_MS = 1_000;
const BROKEN = "a call ended before its message was whole: it was too large, could not be " +
  "decompressed, or its sender gave up";

/** Lets calls in: by who sends them, then by the room there is. Knows all that are under way. */
export class CallGate {
  readonly #authorize: GrpcAuthorize;
  readonly #book: SourceBook;
  readonly #limits: CallLimits;
  readonly #log: Pick<Logger, "error">;
  readonly #open = new Set<(refusal: CallRefusal, error: HorizonError) => void>();
  readonly #refused: Record<CallRefusal, number> = {
    unauthorized: 0,
    no_room: 0,
    too_slow: 0,
    shutdown: 0,
  };
  readonly #idle: (() => void)[] = [];
  #bufferedBytes = 0;
  #total = 0;
  #broken = 0;

  constructor({ authorize, book, limits, log }: CallGateOptions) {
    this.#authorize = authorize;
    this.#book = book;
    this.#limits = limits;
    this.#log = log;
  }

  get stats(): CallStats {
    return {
      open: this.#open.size,
      bufferedBytes: this.#bufferedBytes,
      total: this.#total,
      refused: { ...this.#refused },
      broken: this.#broken,
    };
  }

  /** Put before every method of the server. */
  readonly interceptor: ServerInterceptor = ({ path }, call) =>
    new ServerInterceptingCall(call, {
      start: (next) => next(this.#watch(call, path.startsWith(HEALTH_PATHS))),
    });

  /** Resolves when no call is under way. */
  idle(): Promise<void> {
    if (this.#open.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Ends all calls that are under way; they may be retried. */
  cut(): void {
    for (const refuse of this.#open) {
      refuse("shutdown", new HorizonError("unavailable", "Horizon is shutting down"));
    }
  }

  // `open`: everybody may call it, as they may ask /readyz; probes of orchestrators have no tokens.
  // `onCancel` comes at the end of every call, good or bad, once `onReceiveMetadata` came.
  #watch(call: ServerInterceptingCallInterface, open: boolean): {
    onReceiveMetadata(metadata: Metadata, next: (metadata: Metadata) => void): void;
    onReceiveHalfClose(next: () => void): void;
    onCancel(): void;
  } {
    let bytes = 0;
    let state: "arriving" | "whole" | "refused" | "over" = "arriving";
    let timer: ReturnType<typeof setTimeout> | undefined;
    const refuse = (refusal: CallRefusal, error: HorizonError): void => {
      if (state === "refused" || state === "over") return;
      state = "refused";
      this.#refused[refusal]++;
      this.#book.refused(refusal, error.message);
      call.sendStatus(grpcStatus(error));
    };
    const hold = (more: number): void => {
      if (state !== "arriving") return;
      if (this.#bufferedBytes + more > this.#limits.maxBufferedBytes) {
        return refuse("no_room", this.#noRoom());
      }
      this.#bufferedBytes += more;
      bytes += more;
    };
    return {
      onReceiveMetadata: (metadata, next) => {
        this.#total++;
        const full = this.#open.size >= this.#limits.maxCalls;
        this.#open.add(refuse);
        const unauthorized = open ? null : this.#judge(metadata, call.getPeer());
        if (unauthorized !== null) return refuse("unauthorized", unauthorized);
        if (full) return refuse("no_room", this.#noRoom());
        const { messageTimeoutMs } = this.#limits;
        timer = setTimeout(() => refuse("too_slow", tooSlow(messageTimeoutMs)), messageTimeoutMs);
        onArrival(call, hold);
        next(metadata);
      },
      onReceiveHalfClose: (next) => {
        clearTimeout(timer);
        // Refused meanwhile: the message must not be taken in after its sender was told so.
        if (state === "refused") return;
        state = "whole";
        next();
      },
      onCancel: () => {
        clearTimeout(timer);
        if (state === "arriving") {
          this.#broken++;
          this.#book.refused("broken", BROKEN);
        }
        // What of the message still comes is thrown away.
        state = "over";
        this.#bufferedBytes -= bytes;
        this.#open.delete(refuse);
        if (this.#open.size === 0) { for (const resolve of this.#idle.splice(0)) resolve(); }
      },
    };
  }

  /** Why the sender may not come in; null if it may. Must not throw: nobody would catch it. */
  #judge(metadata: Metadata, peer: string): HorizonError | null {
    const values = metadata.get("authorization");
    try {
      // Two of them are no token, as in HTTP.
      const authorization = values.length === 0 ? null : values.join(", ");
      const verdict = this.#authorize(authorization, addressOf(peer));
      if (verdict.ok) return null;
      const { code, message, retryAfterMs } = verdict;
      return new HorizonError(code, message, {}, retryAfterMs ?? null);
    } catch (error) {
      return shownFailure(error, this.#log);
    }
  }

  #noRoom(): HorizonError {
    const { maxCalls, maxBufferedBytes } = this.#limits;
    return new HorizonError(
      "overloaded",
      "too many requests are under way; retry later",
      { max_calls: maxCalls, max_buffered_bytes: maxBufferedBytes },
      RETRY_AFTER_MS,
    );
  }
}

function tooSlow(timeoutMs: number): HorizonError {
  return new HorizonError("deadline_exceeded", "the message did not arrive in time", {
    timeout_ms: timeoutMs,
  });
}

/**
 * Calls `hold` with the size of each piece of the message as it arrives. grpc-js collects the
 * pieces without a word; only the stream beneath the call, a private field of it, tells. The
 * stream is paused at this time and stays so.
 */
function onArrival(call: ServerInterceptingCallInterface, hold: (bytes: number) => void): void {
  const stream: unknown = Reflect.get(call, "stream");
  assert(stream instanceof Readable, "a call of grpc-js has a stream");
  stream.on("data", (piece: Uint8Array) => hold(piece.length));
}

/** The address of `address:port`, where an IPv6 address has no brackets. */
function addressOf(peer: string): string {
  const colon = peer.lastIndexOf(":");
  return colon < 0 ? peer : peer.slice(0, colon);
}
