import { Buffer } from "node:buffer";
import { type IncomingMessage, request as httpRequest, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP } from "node:net";
import { type Finding, finding } from "../../../mod/health/health_state.ts";
import {
  formatStatusRanges,
  inRanges,
  type StatusRange,
} from "../../../mod/health/status_ranges.ts";
import { type Probe, simpleProbe } from "../probe.ts";
import { connectFailure } from "./connect_failure.ts";
import { readCa, type TlsTrust } from "./tls_trust.ts";

export interface HttpProbeOptions {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly status: readonly StatusRange[];
  /** Found somewhere in the first bytes of the body; null: the body is not looked at. */
  readonly bodyMatches: RegExp | null;
  /** A good answer that takes longer is degraded. */
  readonly maxLatencyMs: number | null;
  readonly tls: TlsTrust;
  readonly clock: { monotonicMs(): number };
}

/** Bytes of a body that are looked at; the rest is not read. */
const MAX_BODY_BYTES = 64 * 1024;

/** What a server answered; time is until the body, or as much of it as is read, was there. */
interface Answer {
  readonly status: number;
  readonly body: string;
  readonly latencyMs: number;
}

/**
 * Asks an HTTP server. Each look has a connection of its own, as a new client would have, and
 * no proxy; redirects are not followed.
 */
export function httpProbe(options: HttpProbeOptions): Probe {
  return simpleProbe(async (signal) => {
    // A file of authorities that cannot be read is no fault of the server's.
    const ca = options.url.startsWith("https:") ? readCa(options.tls) : null;
    try {
      return judgeAnswer(await ask(options, ca, signal), options);
    } catch (error) {
      const at = new URL(options.url).host;
      const cause = error instanceof Error ? error : new Error(String(error));
      return finding("unhealthy", connectFailure(cause, at));
    }
  });
}

/** What an answer means: its status first, then its body, then the time it took. */
export function judgeAnswer(
  { status, body, latencyMs }: Answer,
  { status: wanted, bodyMatches, maxLatencyMs }: Pick<
    HttpProbeOptions,
    "status" | "bodyMatches" | "maxLatencyMs"
  >,
): Finding {
  const output = body === "" ? null : body;
  const found = (state: Finding["state"], message: string): Finding => ({ state, message, output });
  if (!inRanges(status, wanted)) {
    return found("unhealthy", `answers ${status}, not ${formatStatusRanges(wanted)}`);
  }
  if (bodyMatches !== null && !bodyMatches.test(body)) {
    return found(
      "unhealthy",
      `answers ${status}, but its body does not match ${bodyMatches.source}`,
    );
  }
  if (maxLatencyMs !== null && latencyMs > maxLatencyMs) {
    return found("degraded", `answers ${status}, but takes longer than ${maxLatencyMs} ms`);
  }
  return found("healthy", `answers ${status}`);
}

function ask(options: HttpProbeOptions, ca: string | null, signal: AbortSignal): Promise<Answer> {
  const { url, method, headers, tls, clock } = options;
  const { protocol, hostname, port, pathname, search } = new URL(url);
  const secure = protocol === "https:";
  // The URL keeps the brackets of an IPv6 address, sockets want none.
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  const request: RequestOptions = {
    host,
    port: port === "" ? (secure ? 443 : 80) : Number(port),
    path: pathname + search,
    method,
    headers: { "user-agent": "horizon-health", ...headers },
    agent: false,
    signal,
  };
  // An address is no server name (RFC 6066); the certificate is checked against it all the same.
  const servername = tls.serverName ?? (isIP(host) === 0 ? host : null);
  const startMs = clock.monotonicMs();
  return new Promise((resolve, reject) => {
    const answered = (message: IncomingMessage): void => {
      readBody(message).then(
        (body) =>
          resolve({
            status: message.statusCode ?? 0,
            body,
            latencyMs: clock.monotonicMs() - startMs,
          }),
        reject,
      );
    };
    const sent = secure
      ? httpsRequest({
        ...request,
        ...ca === null ? {} : { ca },
        rejectUnauthorized: !tls.insecureSkipVerify,
        ...servername === null ? {} : { servername },
      }, answered)
      : httpRequest(request, answered);
    sent.on("error", reject);
    sent.end();
  });
}

/** The first bytes of the body; then the connection is closed. */
async function readBody(message: IncomingMessage): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of message) {
    if (!(piece instanceof Uint8Array)) continue;
    pieces.push(piece);
    bytes += piece.length;
    if (bytes >= MAX_BODY_BYTES) break;
  }
  message.destroy();
  return new TextDecoder().decode(Buffer.concat(pieces).subarray(0, MAX_BODY_BYTES));
}
