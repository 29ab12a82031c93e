import type { Context } from "hono";
import type { z } from "zod";
import type { Connection } from "./connection.ts";
import type { Principal, Role } from "./security/roles.ts";

/** What Hono carries for each request of Horizon. */
export interface AppEnv {
  Bindings: { readonly connection: Connection };
  Variables: { principal: Principal };
}

export type AppContext = Context<AppEnv>;

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** Content of a body: a JSON schema by way of zod, or what it is when it is not JSON. */
export type BodySchema = z.ZodType | "text" | "binary";

/** Bodies by media type. */
export type Bodies = Readonly<Record<string, BodySchema>>;

export interface ResponseDoc {
  readonly description: string;
  readonly content?: Bodies;
}

/** What `/openapi.json` says about a route. Errors are added to every route's responses. */
export interface RouteDoc {
  readonly summary: string;
  readonly description?: string;
  readonly tag: "query" | "ingest" | "health" | "state" | "live" | "page";
  readonly query?: z.ZodObject;
  readonly request?: Bodies;
  readonly responses: Readonly<Record<number, ResponseDoc>>;
}

/**
 * One method of one path. `role` has no default: a route that does not say who may call it
 * does not compile.
 */
export interface Route {
  readonly method: Method;
  /** Hono pattern, such as `/ui/*`. */
  readonly path: string;
  readonly role: Role;
  /** How failures are told: Horizon's JSON shape, or `google.rpc.Status` as OTLP wants it. */
  readonly errors: "json" | "otlp";
  readonly doc: RouteDoc;
  readonly handler: (c: AppContext) => Response | Promise<Response>;
}
