import { Buffer } from "node:buffer";
import { isIP, type Socket } from "node:net";
import { checkServerIdentity } from "node:tls";
import {
  type ChannelCredentials,
  type ChannelOptions,
  Client,
  connectivityState,
  credentials,
  logVerbosity,
  type ServiceError,
  setLogVerbosity,
  status,
} from "@grpc/grpc-js";
import { formatListenAddress, type ListenAddress } from "../../../mod/config/listen_address.ts";
import { type Finding, finding } from "../../../mod/health/health_state.ts";
import type { ServingStatus } from "../../grpc_health/messages.ts";
import { saidFailure } from "./connect_failure.ts";
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
export function healthClient({ address, tls }: GrpcTarget): HealthClient {
  // It would write to stderr in a format of its own.
  setLogVerbosity(logVerbosity.NONE);
  const at = formatListenAddress(address);
  const name = tls?.serverName ?? (isIP(address.hostname) === 0 ? null : NAME_OF_ADDRESS);
  return new HealthClient(
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

/**
 * grpc-js lets a connection go only once the server has begun to speak HTTP/2. One that takes connections
 * and says nothing would keep a socket of each look, for as long as it lives: these are closed here.
 */
export class HealthClient extends Client {
  readonly #held: HeldSockets;

  constructor(at: string, trust: ChannelCredentials, options: ChannelOptions) {
    const held: HeldSockets = { sockets: new Set(), closed: false };
    super(at, holdSockets(trust, held), options);
    this.#held = held;
  }

  /** Ends what is under way; a connection that never came about is not waited for. */
  override close(): void {
    const ready = this.getChannel().getConnectivityState(false) === connectivityState.READY;
    super.close();
    this.#held.closed = true;
    if (ready) return;
    for (const socket of this.#held.sockets) socket.destroy();
  }
}

/** The connections of a client, and whether it wants any more. */
interface HeldSockets {
  readonly sockets: Set<Socket>;
  closed: boolean;
}

/** Notes each connection before TLS or HTTP/2 begin on it; one that comes too late is closed. */
function holdSockets(trust: ChannelCredentials, held: HeldSockets): ChannelCredentials {
  const create = trust._createSecureConnector.bind(trust);
  trust._createSecureConnector = (...channel) => {
    const connector = create(...channel);
    const connect = connector.connect.bind(connector);
    connector.connect = (socket) => {
      held.sockets.add(socket);
      socket.once("close", () => held.sockets.delete(socket));
      if (held.closed) socket.destroy();
      return connect(socket);
    };
    return connector;
  };
  return trust;
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
    case status.UNAVAILABLE: {
      // A server may say so as well, of itself.
      const cause = connectionCause(details);
      return finding(
        "unhealthy",
        cause === null ? `${at} failed with UNAVAILABLE: ${details}` : saidFailure(cause, at),
      );
    }
    default:
      return finding("unhealthy", `${at} failed with ${status[code] ?? code}: ${details}`);
  }
}

/** Why there was no connection, in grpc-js's own words; null where a server answered. */
function connectionCause(details: string): string | null {
  if (details.startsWith("Name resolution failed")) return details;
  return /Last error: (.*?)\. Resolution note:/s.exec(details)?.[1] ?? null;
}

function shown(service: string): string {
  return service === "" ? "the server" : `service ${service}`;
}
