import { KnownFields } from "./known_fields.ts";
import { LinePattern } from "./line_pattern.ts";
import { bareLine, type LineParser } from "./log_line.ts";
import type { TimeZone } from "./time_zone.ts";

/**
 * Lines that an operator's pattern matches from their start. Its named groups are the fields: those
 * with names that loggers use for time, severity, message and so on count as that, the others
 * become attributes. Without a group for the message the whole line is the body.
 *
 * @throws TypeError for a pattern that `linePatternProblem` refuses
 */
export function regexParser(pattern: string, zone: TimeZone): LineParser {
  const compiled = new LinePattern(pattern);
  const fields = new KnownFields(zone);
  return (text, { nowMs }) => {
    const groups = compiled.match(text)?.groups;
    if (groups === undefined) return null;
    for (const [name, value] of Object.entries(groups)) {
      if (value !== undefined && value !== "") fields.add(name, value);
    }
    const line = bareLine(text);
    fields.finish(line, nowMs);
    return line;
  };
}
