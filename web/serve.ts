import type { Hono } from "hono";
import { HorizonError } from "../mod/errors.ts";
import { type Endpoint, formatEndpoint } from "./connection.ts";
import { jsonError } from "./errors/json_error.ts";
import { shownError } from "./errors/shown_error.ts";
import type { WebLog } from "./log.ts";
import type { AppEnv } from "./route.ts";

export interface ServeOptions extends Endpoint {
  /** What the listener is for, and the flag that moves it; for error messages. */
  readonly purpose: string;
  readonly flag: string;
  readonly log: WebLog;
}

/** How long the answers of requests that were given up may take to leave. */
const CUT_GRACE_MS = 500;

/** A listener that accepts requests. */
export interface RunningServer {
  /** The bound address, with the real port where 0 was asked for. */
  readonly address: Endpoint;
  /**
   * Takes no more connections and waits for requests under way; past the deadline they are
   * answered with 503. Answers whether they ended by themselves.
   */
  shutdown(deadlineMs: number): Promise<"drained" | "cut">;
}

/**
 * Serves an application over HTTP/1.1 and HTTP/2 (prior knowledge).
 * @throws HorizonError `conflict` when the address is taken, `invalid_argument` when it is not
 * this host's, `permission_denied` when the port needs privileges
 */
export function serveApp(app: Hono<AppEnv>, options: ServeOptions): RunningServer {
  const inFlight = new Set<() => void>();
  const server = listen(app, options, inFlight);
  const address: Endpoint = { hostname: server.addr.hostname, port: server.addr.port };
  return {
    address,
    shutdown: async (deadlineMs) => {
      const drained = server.shutdown();
      if (await settlesWithin(drained, deadlineMs)) return "drained";
      for (const cut of inFlight) cut();
      await settlesWithin(drained, CUT_GRACE_MS);
      return "cut";
    },
  };
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

/** The application's answer, or 503 as soon as the server gives up on it. */
async function answerUnlessCut(
  answer: Response | Promise<Response>,
  inFlight: Set<() => void>,
): Promise<Response> {
  const cut = Promise.withResolvers<Response>();
  const giveUp = (): void =>
    cut.resolve(jsonError(new HorizonError("unavailable", "Horizon is shutting down")));
  inFlight.add(giveUp);
  try {
    return await Promise.race([answer, cut.promise]);
  } finally {
    inFlight.delete(giveUp);
  }
}

function listen(
  app: Hono<AppEnv>,
  options: ServeOptions,
  inFlight: Set<() => void>,
): Deno.HttpServer<Deno.NetAddr> {
  try {
    const server: Deno.HttpServer<Deno.NetAddr> = Deno.serve({
      hostname: options.hostname,
      port: options.port,
      automaticCompression: true,
      // The caller logs the address.
      onListen: () => undefined,
      onError: (error) => {
        options.log.error("http_server_failed", { error: String(error) });
        return jsonError(shownError(error));
      },
    }, (request, info) => {
      const { hostname, port } = info.remoteAddr;
      const connection = { local: server.addr, remote: { hostname, port } };
      return answerUnlessCut(app.fetch(request, { connection }), inFlight);
    });
    return server;
  } catch (error) {
    throw listenFailure(error, options);
  }
}

function listenFailure(error: unknown, options: ServeOptions): unknown {
  const address = formatEndpoint(options);
  const choose = `choose another address with ${options.flag}`;
  const details = { address, purpose: options.purpose };
  if (error instanceof Deno.errors.AddrInUse) {
    return new HorizonError(
      "conflict",
      `${address} (${options.purpose}) is already in use: is another Horizon running? ` +
        `Stop it, or ${choose}`,
      details,
      null,
      { cause: error },
    );
  }
  if (error instanceof Deno.errors.AddrNotAvailable) {
    return new HorizonError(
      "invalid_argument",
      `${address} (${options.purpose}) is not an address of this host: ${choose}`,
      details,
      null,
      { cause: error },
    );
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return new HorizonError(
      "permission_denied",
      `${address} (${options.purpose}) may not be opened by this user: ports below 1024 need ` +
        `CAP_NET_BIND_SERVICE; ${choose}`,
      details,
      null,
      { cause: error },
    );
  }
  return error;
}
