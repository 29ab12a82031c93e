import type { Route } from "../route.ts";
import type { LiveStream } from "./live_stream.ts";

/** `GET /api/stream`: a WebSocket that pushes samples as they are collected, and rows as they are kept. */
export function streamRoutes(stream: LiveStream): Route[] {
  return [{
    method: "GET",
    path: "/api/stream",
    role: "viewer",
    errors: "json",
    doc: {
      summary: "Live samples, logs, spans and events over a WebSocket",
      description:
        "Offer the subprotocol `horizon`, and beside it `bearer.<token>` where a token is needed. " +
        'Send {"subscribe":"metrics","names":[…]}; samples come as {"type":"metrics","ts","samples"}. ' +
        'Or {"subscribe":"logs"}, "spans" or "events", with what rows are wanted; they come as {"type":"logs","rows"}.',
      tag: "live",
      responses: { 101: { description: "The connection is a WebSocket from here on." } },
    },
    handler: (c) => stream.accept(c.req.raw),
  }];
}
