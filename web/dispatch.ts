import type { Hono } from "hono";
import { HorizonError } from "../mod/errors.ts";
import { jsonError } from "./errors/json_error.ts";
import { shownError } from "./errors/shown_error.ts";
import type { WebLog } from "./log.ts";
import type { HttpObserver } from "./metrics/http_observer.ts";
import { otlpError } from "./otlp/otlp_error.ts";
import type { AppContext, AppEnv, Method, Route } from "./route.ts";
import type { Gate } from "./security/gate.ts";
import { corsHeaders, type OriginVerdict, preflightHeaders } from "./security/origin_check.ts";
import { SECURITY_HEADERS } from "./security/response_headers.ts";

export interface DispatchDeps {
  readonly gate: Gate;
  readonly observer: HttpObserver;
  readonly log: WebLog;
}

/** What stands for requests that match no route, in metrics and logs. */
const UNMATCHED = "(unmatched)";

/**
 * Mounts a route table: this is the only place where handlers meet requests, so nothing is
 * reachable that was not let in by the gate, counted, and given the security headers.
 *
 * Every path answers its other methods with 405 and `Allow`, preflights of allowed origins
 * with 204, and every unknown path with 404.
 */
export function mountRoutes(app: Hono<AppEnv>, routes: readonly Route[], deps: DispatchDeps): void {
  for (const route of routes) {
    app.on(
      route.method,
      route.path,
      (c) => answer(c, route.path, route.errors, deps, () => admitted(c, route, deps)),
    );
  }
  for (const [path, { methods, errors }] of pathsOf(routes)) {
    app.all(path, (c) => answer(c, path, errors, deps, () => otherMethod(c, methods, deps)));
  }
  app.notFound((c) =>
    answer(c, UNMATCHED, "json", deps, () => {
      deps.gate.checkHost(c.req.raw, c.env.connection);
      throw new HorizonError("not_found", "there is nothing at this path", {
        path: c.req.path.slice(0, 255),
      });
    })
  );
}

/** A response, and the origin that may read it. */
interface Answer {
  readonly response: Response;
  readonly origin: OriginVerdict;
}

async function admitted(c: AppContext, route: Route, deps: DispatchDeps): Promise<Answer> {
  const { gate } = deps;
  const origin = gate.judge(c.req.raw, c.env.connection, route.role);
  try {
    c.set("principal", gate.authorize(c.req.raw, c.env.connection, route.role));
    return { response: await route.handler(c), origin };
  } catch (error) {
    // An allowed origin may read failures as well.
    return { response: failure(c, route.path, route.errors, deps, error), origin };
  }
}

function otherMethod(c: AppContext, methods: readonly Method[], deps: DispatchDeps): Answer {
  deps.gate.checkHost(c.req.raw, c.env.connection);
  const origin = deps.gate.judgeOrigin(c.req.raw);
  const allowed = ["OPTIONS", ...methods.includes("GET") ? ["HEAD"] : [], ...methods];
  if (c.req.method === "OPTIONS") {
    const headers = origin.kind === "allowed"
      ? preflightHeaders(origin.origin, allowed)
      : { allow: allowed.join(", ") };
    return { response: new Response(null, { status: 204, headers }), origin: { kind: "none" } };
  }
  throw new HorizonError("method_not_allowed", `${c.req.method.slice(0, 32)} is not taken here`, {
    allowed_methods: allowed,
  });
}

async function answer(
  c: AppContext,
  path: string,
  errors: Route["errors"],
  deps: DispatchDeps,
  run: () => Answer | Promise<Answer>,
): Promise<Response> {
  const observed = deps.observer.start(path, c.req.method);
  let response: Response;
  try {
    const answered = await run();
    response = answered.response;
    for (const [name, value] of corsHeaders(answered.origin)) response.headers.append(name, value);
  } catch (error) {
    response = failure(c, path, errors, deps, error);
  }
  observed.end(response.status);
  // The response that upgrades to a WebSocket is the runtime's own and must not be touched.
  if (response.status === 101) return response;
  for (const [name, value] of SECURITY_HEADERS) response.headers.set(name, value);
  if (!response.headers.has("cache-control")) response.headers.set("cache-control", "no-store");
  return response;
}

function failure(
  c: AppContext,
  path: string,
  errors: Route["errors"],
  deps: DispatchDeps,
  thrown: unknown,
): Response {
  const error = shownError(thrown);
  if (error.code === "internal") {
    const cause = error.cause ?? thrown;
    deps.log.error("http_handler_failed", {
      route: path,
      method: c.req.method,
      error: cause instanceof Error ? cause.stack ?? cause.message : String(cause),
    });
  }
  return errors === "otlp" ? otlpError(error, c.req.raw.headers) : jsonError(error);
}

interface PathMethods {
  readonly methods: Method[];
  readonly errors: Route["errors"];
}

function pathsOf(routes: readonly Route[]): Map<string, PathMethods> {
  const paths = new Map<string, PathMethods>();
  for (const { path, method, errors } of routes) {
    const known = paths.get(path);
    if (known === undefined) paths.set(path, { methods: [method], errors });
    else known.methods.push(method);
  }
  return paths;
}
