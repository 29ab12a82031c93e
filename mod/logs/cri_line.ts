import { bareLine, type LineParser, type LogLine } from "./log_line.ts";
import { readTime } from "./time_text.ts";
import { UTC } from "./time_zone.ts";

/** A line as container runtimes write it (Kubernetes CRI logging format). */
export interface CriEnvelope {
  /** Time and stream; its body is the content. */
  readonly line: LogLine;
  readonly stream: string;
  /** False for a piece that the next line of the stream goes on with. */
  readonly complete: boolean;
}

/** `2026-11-25T19:14:53.123456789Z stdout F content`; null for a line of another kind. */
export function readCri(text: string): CriEnvelope | null {
  const time = readTime(text, 0, UTC, 0);
  if (time === null || text.charCodeAt(time.end) !== 32) return null;
  const stream = text.startsWith("stdout ", time.end + 1)
    ? "stdout"
    : text.startsWith("stderr ", time.end + 1)
    ? "stderr"
    : null;
  if (stream === null) return null;
  const tag = text.charAt(time.end + 8);
  // Tags may follow the first one, after colons.
  const contentStart = text.indexOf(" ", time.end + 8);
  if (tag !== "F" && tag !== "P") return null;
  const line = bareLine(contentStart === -1 ? "" : text.slice(contentStart + 1));
  line.tsUs = time.tsUs;
  line.nsRemainder = time.nsRemainder;
  line.attributes.push(["log.iostream", stream]);
  return { line, stream, complete: tag === "F" };
}

/** Lines of the CRI format, each taken for whole. */
export function criParser(): LineParser {
  return (text) => readCri(text)?.line ?? null;
}
