import { Buffer } from "node:buffer";
import { isIP } from "node:net";
import { checkServerIdentity } from "node:tls";
import {
  Client,
  credentials,
  logVerbosity,
  type ServiceError,
  setLogVerbosity,
  status,
} from "@grpc/grpc-js";
import { formatListenAddress, type ListenAddress } from "../../../mod/config/listen_address.ts";
import { type Finding, finding } from "../../../mod/health/health_state.ts";
import type { ServingStatus } from "../../grpc_health/messages.ts";
import { readCa, type TlsTrust } from "./tls_trust.ts";

/** A gRPC server that is asked about one of its services. */
export interface GrpcTarget {
  readonly address: ListenAddress;
  /** Empty: the server as a whole. */
  readonly service: string;
  /** Null: plaintext. */
  readonly tls: TlsTrust | null;
}

/** Bytes of an answer: a health message is a few. */
const MAX_ANSWER_BYTES = 64 * 1024;
/** Servers hang up on clients that ping more often than this, unless they are told otherwise. */
const KEEPALIVE_MS = 300_000;

/** Stands for an address where TLS wants a name; the certificate is checked against the address. */
const NAME_OF_ADDRESS = "localhost";

/**
 * A client with a connection of its own and no retries: what the server does is what is seen.
 * @throws when the file of authorities cannot be read
 */
export function healthClient({ address, tls }: GrpcTarget): Client {
  // It would write to stderr in a format of its own.
  setLogVerbosity(logVerbosity.NONE);
  const at = formatListenAddress(address);
  const name = tls?.serverName ?? (isIP(address.hostname) === 0 ? null : NAME_OF_ADDRESS);
  return new Client(
    at,
    tls === null ? credentials.createInsecure() : tlsCredentials(tls, address.hostname),
    {
      "grpc.use_local_subchannel_pool": 1,
      "grpc.enable_retries": 0,
      "grpc.enable_http_proxy": 0,
      "grpc.enable_channelz": 0,
      "grpc.service_config_disable_resolution": 1,
      "grpc.max_receive_message_length": MAX_ANSWER_BYTES,
      "grpc.keepalive_time_ms": KEEPALIVE_MS,
      ...tls === null || name === null ? {} : { "grpc.ssl_target_name_override": name },
    },
  );
}

function tlsCredentials(tls: TlsTrust, host: string): ReturnType<typeof credentials.createSsl> {
  const ca = readCa(tls);
  const name = tls.serverName ?? host;
  return credentials.createSsl(ca === null ? null : Buffer.from(ca), null, null, {
    rejectUnauthorized: !tls.insecureSkipVerify,
    checkServerIdentity: tls.insecureSkipVerify
      ? () => undefined
      : (_name, certificate) => checkServerIdentity(name, certificate),
  });
}

/** What a status says about a service; anything but SERVING is unhealthy. */
export function servingFinding(serving: ServingStatus, service: string): Finding {
  const state = serving === "SERVING" ? "healthy" : "unhealthy";
  return finding(state, `${shown(service)} is ${serving}`);
}

/** What a call that failed says about the server. */
export function callFailure(
  { code, details }: Pick<ServiceError, "code" | "details">,
  target: GrpcTarget,
): Finding {
  const at = formatListenAddress(target.address);
  switch (code) {
    case status.NOT_FOUND:
      return finding("unhealthy", `${at} does not know ${shown(target.service)}`);
    case status.UNIMPLEMENTED:
      return finding("unhealthy", `${at} does not implement grpc.health.v1`);
    case status.CANCELLED:
    case status.DEADLINE_EXCEEDED:
      return finding("unhealthy", `${at} did not answer in time`);
    default:
      return finding("unhealthy", `${at} failed with ${status[code] ?? code}: ${details}`);
  }
}

function shown(service: string): string {
  return service === "" ? "the server" : `service ${service}`;
}
