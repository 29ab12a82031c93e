import type { Route } from "../route.ts";
import type { LiveStream } from "./live_stream.ts";

/** `GET /api/stream`: a WebSocket that pushes samples as they are collected. */
export function streamRoutes(stream: LiveStream): Route[] {
  return [{
    method: "GET",
    path: "/api/stream",
    role: "viewer",
    errors: "json",
    doc: {
      summary: "Live samples over a WebSocket",
      description:
        "Offer the subprotocol `horizon`, and beside it `bearer.<token>` where a token is needed. " +
        'Send {"subscribe":"metrics","names":[…]}; samples come as {"type":"metrics","ts","samples"}.',
      tag: "live",
      responses: { 101: { description: "The connection is a WebSocket from here on." } },
    },
    handler: (c) => stream.accept(c.req.raw),
  }];
}
