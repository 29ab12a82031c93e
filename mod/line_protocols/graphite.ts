import type { SampleRows, SeriesIdentity } from "../intake/sample_writer.ts";
import { decimal, serviceOf } from "./labels.ts";
import type { LineTally } from "./line_tally.ts";
import type { SeriesCache } from "./series_cache.ts";

const EXPECTED = "expected `path value timestamp`";

/**
 * Takes in lines of Graphite's plaintext protocol, `path value timestamp`, the timestamp in seconds
 * since the Unix epoch (-1 or `N`: now). A path may end in tags: `disk.used;host=a;disk=b`
 * (Graphite 1.1, "Tagged series"). Every series is a gauge, as the protocol tells no kinds apart.
 */
export function takeGraphiteLines(
  text: string,
  rows: SampleRows,
  series: SeriesCache,
  tally: LineTally,
): void {
  for (let start = 0; start < text.length;) {
    const newline = text.indexOf("\n", start);
    const end = newline < 0 ? text.length : newline;
    const line = text.slice(start, end).trim();
    if (line !== "") takeLine(line, rows, series, tally);
    start = end + 1;
  }
}

function takeLine(line: string, rows: SampleRows, series: SeriesCache, tally: LineTally): void {
  const [path = "", valueText = "", timeText = "", ...rest] = line.split(/[ \t]+/);
  const value = decimal(valueText);
  const tsUs = timeOf(timeText, rows.nowUs);
  if (value === null || tsUs === null || rest.length > 0) return tally.malformed(line, EXPECTED);
  let id: number | null | undefined = series.get(path);
  if (id === undefined) {
    const identity = identityOf(path);
    if (typeof identity === "string") return tally.malformed(line, identity);
    id = series.add(path, identity, rows);
  }
  if (id !== null) rows.sample(id, tsUs, value);
}

function timeOf(text: string, nowUs: number): number | null {
  if (text === "N" || text === "-1") return nowUs;
  const seconds = decimal(text);
  return seconds === null ? null : Math.round(seconds * 1e6);
}

/** The series of a path, or what is wrong with it. */
function identityOf(path: string): SeriesIdentity | string {
  const [name = "", ...tags] = path.split(";");
  if (name === "") return "the path is empty";
  if (/\p{Cc}/u.test(path)) return "the path has control characters in it";
  const labels: [string, string][] = [];
  for (const tag of tags) {
    const equals = tag.indexOf("=");
    if (equals < 1 || equals === tag.length - 1) return "expected tags as `;name=value`";
    labels.push([tag.slice(0, equals), tag.slice(equals + 1)]);
  }
  return { name, kind: "gauge", unit: "", labels, service: serviceOf(labels) };
}
