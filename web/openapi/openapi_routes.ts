import type { Route } from "../route.ts";
import { openApiDocument } from "./document.ts";

/** `GET /openapi.json`, which describes `routes` and itself. */
export function openApiRoutes(routes: readonly Route[], version: string): Route[] {
  const own: Route = {
    method: "GET",
    path: "/openapi.json",
    role: "public",
    errors: "json",
    doc: {
      summary: "This description",
      tag: "state",
      responses: {
        200: { description: "OpenAPI 3.1.", content: { "application/json": "text" } },
      },
    },
    handler: (c) => c.body(document, 200, { "content-type": "application/json" }),
  };
  const document = JSON.stringify(openApiDocument([...routes, own], version));
  return [own];
}
