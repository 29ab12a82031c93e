/** `type/subtype` of a Content-Type, lower case, without parameters; empty when there is none. */
export function mediaType(headers: Headers): string {
  return (headers.get("content-type") ?? "").split(";", 1)[0]!.trim().toLowerCase();
}

/** Media ranges looked at in one Accept header; no client sends more. */
const MAX_RANGES = 32;

/**
 * The first of `offered` that an `Accept` header likes best (RFC 9110 section 12.5.1); null
 * when it likes none of them. Without the header everything is fine. Of equally liked ones the
 * first offered wins.
 */
export function bestMediaType(accept: string | null, offered: readonly string[]): string | null {
  if (accept === null || accept.trim() === "") return offered[0] ?? null;
  const ranges = accept.split(",").slice(0, MAX_RANGES).map(parseRange);
  let best: string | null = null;
  let bestQuality = 0;
  for (const type of offered) {
    const quality = qualityOf(type, ranges);
    if (quality > bestQuality) [best, bestQuality] = [type, quality];
  }
  return best;
}

interface MediaRange {
  readonly range: string;
  readonly quality: number;
}

function parseRange(text: string): MediaRange {
  const [range = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  const q = parameters.find((parameter) => parameter.startsWith("q="));
  const quality = q === undefined ? 1 : Number(q.slice(2));
  return { range, quality: quality >= 0 && quality <= 1 ? quality : 0 };
}

// The most specific range that matches decides.
function qualityOf(type: string, ranges: readonly MediaRange[]): number {
  const family = `${type.split("/", 1)[0]}/*`;
  for (const candidate of [type, family, "*/*"]) {
    const match = ranges.find(({ range }) => range === candidate);
    if (match !== undefined) return match.quality;
  }
  return 0;
}
