import { ExemplarIds } from "./exemplar_ids.ts";
import type { ReadExemplar } from "./exemplar_proto.ts";
import { parseNumber } from "./number_text.ts";
import { readLabels } from "./series_text.ts";

/** What follows the sample: `# {labels} value`, and a time in seconds or none. */
const EXEMPLAR = /^#\s*\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\}\s+(\S+)(?:\s+(\S+))?\s*$/s;

/**
 * Reads an exemplar of OpenMetrics 1.0. Of its labels the ids of trace and span are kept.
 *
 * @param nowUs the time of one that has none
 * @returns null when it is none
 */
export function readExemplarText(text: string, nowUs: number): ReadExemplar | null {
  const match = EXEMPLAR.exec(text);
  if (match === null) return null;
  const [, given = "", number = "", seconds] = match;
  const labels = new Map<string, string>();
  const value = parseNumber(number);
  const time = seconds === undefined ? nowUs / 1e6 : parseNumber(seconds);
  if (value === null || time === null || !readLabels(given, labels)) return null;
  const ids = new ExemplarIds();
  for (const [name, label] of labels) ids.take(name, label);
  const { traceId, spanId } = ids;
  return { tsUs: Math.round(time * 1e6), value, traceId, spanId };
}
