import { Buffer } from "node:buffer";
import { Metadata } from "@grpc/grpc-js";
import { HorizonError, toHorizonError } from "../../mod/errors.ts";
import type { Logger } from "../../mod/log/logger.ts";
import { encodeRpcStatus } from "../../mod/otlp/responses.ts";
import { rpcCode } from "../../mod/otlp/rpc_code.ts";
import { varintTag } from "../../mod/otlp/wire.ts";
import { WireWriter } from "../../mod/otlp/wire_writer.ts";

/** How a call ends that failed. */
export interface GrpcFailure {
  readonly code: number;
  readonly details: string;
  readonly metadata: Metadata;
}

const DETAILS_KEY = "grpc-status-details-bin";
const RETRY_INFO_TYPE = "type.googleapis.com/google.rpc.RetryInfo";
/** Where a failure to be retried does not say when. */
const DEFAULT_RETRY_AFTER_MS = 1_000;
/** Clients take 8 KiB of headers or more; percent-encoding may triple a message. */
const MAX_MESSAGE_LENGTH = 1_000;

/**
 * The gRPC status of a failure. What may be retried carries a `google.rpc.RetryInfo`, without
 * which clients do not retry RESOURCE_EXHAUSTED (OTLP specification, "OTLP/gRPC Throttling").
 */
export function grpcStatus(error: HorizonError): GrpcFailure {
  const code = rpcCode(error.code);
  // An unpaired surrogate cannot be percent-encoded.
  const details = error.message.slice(0, MAX_MESSAGE_LENGTH).toWellFormed();
  const metadata = new Metadata();
  const retryAfterMs = retryDelay(error);
  if (retryAfterMs !== null) {
    const status = encodeRpcStatus(code, details, "protobuf");
    metadata.set(DETAILS_KEY, Buffer.concat([status, encodeRetryInfo(retryAfterMs)]));
  }
  return { code, details, metadata };
}

/**
 * The failure as a sender may see it: what is unexpected may carry internals in its message, so
 * the sender gets a fixed sentence and the log gets the rest.
 */
export function shownFailure(thrown: unknown, log: Pick<Logger, "error">): HorizonError {
  const error = toHorizonError(thrown);
  if (error.code !== "internal") return error;
  log.error("otlp_grpc_call_failed", { error: error.message, stack: stackOf(thrown) });
  return thrown instanceof HorizonError
    ? error
    : new HorizonError("internal", "an internal error; Horizon's log has it");
}

function stackOf(thrown: unknown): string | null {
  return thrown instanceof Error ? thrown.stack ?? null : null;
}

function retryDelay({ code, retryAfterMs }: HorizonError): number | null {
  if (code !== "overloaded" && code !== "unavailable") return null;
  return retryAfterMs ?? DEFAULT_RETRY_AFTER_MS;
}

/** Field 3 of `google.rpc.Status`: an `Any` that holds a `RetryInfo` that holds a `Duration`. */
function encodeRetryInfo(retryAfterMs: number): Uint8Array {
  const seconds = Math.floor(retryAfterMs / 1000);
  const nanos = Math.round((retryAfterMs - seconds * 1000) * 1e6);
  const writer = new WireWriter();
  const any = writer.begin(3);
  writer.stringField(1, RETRY_INFO_TYPE);
  const retryInfo = writer.begin(2);
  const duration = writer.begin(1);
  writer.varint(varintTag(1));
  writer.varint(seconds);
  writer.varint(varintTag(2));
  writer.varint(nanos);
  writer.end(duration);
  writer.end(retryInfo);
  writer.end(any);
  return writer.finish();
}
