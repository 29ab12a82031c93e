import { createHash } from "node:crypto";
import { HorizonError } from "../../mod/errors.ts";
import type { AppContext, Route } from "../route.ts";
import { contentTypeOf } from "./content_types.ts";
import type { AssetReader } from "./read_asset.ts";

/** Names of files below `ui/`: no leading dot in any part, so neither `..` nor hidden files. */
const FILE_NAME = /^[A-Za-z0-9_-][A-Za-z0-9_.-]*(?:\/[A-Za-z0-9_-][A-Za-z0-9_.-]*){0,4}$/;

/**
 * `GET /` and `/ui/*`: the page that ships inside Horizon. Public, since it holds no data and
 * asks for the token itself.
 */
export function staticRoutes(assets: AssetReader): Route[] {
  const shared = {
    method: "GET",
    role: "public",
    errors: "json",
  } as const;
  const responses = {
    200: { description: "The file.", content: { "text/html": "text" } },
    304: { description: "The file is as the client has it." },
  } as const;
  return [
    {
      ...shared,
      path: "/",
      doc: { summary: "Horizon's page", tag: "page", responses },
      handler: (c) => serveFile(c, "index.html", assets),
    },
    {
      ...shared,
      path: "/ui/*",
      doc: { summary: "The files of Horizon's page", tag: "page", responses },
      handler: (c) => serveFile(c, c.req.path.slice("/ui/".length), assets),
    },
  ];
}

async function serveFile(c: AppContext, name: string, assets: AssetReader): Promise<Response> {
  const type = FILE_NAME.test(name) ? contentTypeOf(name) : null;
  const bytes = type === null ? null : await assets(`ui/${name}`);
  if (bytes === null || type === null) {
    throw new HorizonError("not_found", "the page has no such file", { path: name.slice(0, 255) });
  }
  const etag = `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`;
  // Files have no version in their name, so the browser asks each time, and mostly gets 304.
  const headers = { etag, "cache-control": "no-cache" };
  if (matches(c.req.header("if-none-match"), etag)) {
    return new Response(null, { status: 304, headers });
  }
  return new Response(bytes, { headers: { ...headers, "content-type": type } });
}

// RFC 9110 section 13.1.2: weak comparison.
function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  const tags = ifNoneMatch.split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  return tags.includes(etag) || tags.includes("*");
}
