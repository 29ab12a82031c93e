import { HorizonError } from "../../mod/errors.ts";

/**
 * What a browser says about where a request comes from. `none` is no browser, or a browser's
 * own page; `allowed` is a configured foreign origin, which gets CORS headers.
 */
export type OriginVerdict =
  | { readonly kind: "none" }
  | { readonly kind: "same" }
  | { readonly kind: "allowed"; readonly origin: string };

/**
 * Judges the `Origin` and `Sec-Fetch-Site` of a request.
 *
 * Schemes are not compared for the own origin: behind a TLS proxy the page is https while this
 * listener sees http.
 *
 * @throws HorizonError `permission_denied` for a page of another origin
 */
export function judgeOrigin(
  headers: Headers,
  host: string,
  allowedOrigins: readonly string[],
): OriginVerdict {
  const origin = headers.get("origin");
  if (origin === null) {
    // Navigations and <img> of another site send no Origin, but modern browsers say this.
    const site = headers.get("sec-fetch-site");
    if (site === "cross-site" || site === "same-site") throw refusal(site);
    return { kind: "none" };
  }
  if (allowedOrigins.includes(origin)) return { kind: "allowed", origin };
  if (authority(origin) === host.toLowerCase()) return { kind: "same" };
  throw refusal(origin);
}

/** Headers that let a configured foreign origin read the response (Fetch standard, CORS). */
export function corsHeaders(verdict: OriginVerdict): readonly (readonly [string, string])[] {
  if (verdict.kind !== "allowed") return [];
  return [["access-control-allow-origin", verdict.origin], ["vary", "Origin"], [
    "access-control-expose-headers",
    "Retry-After, Horizon-Row-Count, Horizon-Truncated, Horizon-Elapsed-Ms",
  ]];
}

/** Headers of the answer to a preflight of an allowed origin. */
export function preflightHeaders(
  origin: string,
  methods: readonly string[],
): Readonly<Record<string, string>> {
  return {
    "access-control-allow-origin": origin,
    "access-control-allow-methods": methods.join(", "),
    "access-control-allow-headers":
      "Authorization, Content-Type, Content-Encoding, Traceparent, Tracestate",
    "access-control-max-age": "600",
    "vary": "Origin",
  };
}

// `host[:port]` as a browser writes it into Host, that is without the scheme's default port.
function authority(origin: string): string | null {
  return /^https?:\/\/([^/?#@]+)$/i.exec(origin)?.[1]?.toLowerCase() ?? null;
}

function refusal(origin: string): HorizonError {
  return new HorizonError(
    "permission_denied",
    "requests of web pages from another origin are refused; " +
      "add it to server.allowed_origins if it should be let in",
    { origin: origin.slice(0, 255) },
  );
}
