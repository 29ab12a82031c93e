import { SEVERITY } from "../signals/severity.ts";
import { bareLine, type LineParser, type LogLine } from "./log_line.ts";
import { readTime } from "./time_text.ts";
import type { TimeZone } from "./time_zone.ts";

const QUOTED = String.raw`"((?:[^"\\]|\\.)*)"`;
const ACCESS = new RegExp(
  String
    .raw`^(\S+) (\S+) (.*?) \[([^\]]{20,40})\] ${QUOTED} (\d{3}) (\d+|-)(?: ${QUOTED} ${QUOTED})?`,
);
const REQUEST = /^([A-Z]{1,32}) (\S+)(?: HTTP\/([\d.]{1,3}))?$/;
/** A longer line is no access log line, or one whose quotes would be searched for in vain. */
const MAX_LENGTH = 32_768;

/**
 * Access logs of nginx and Apache in the common and the combined format. The line stays the body;
 * its parts become attributes with the names of the semantic conventions. Answers of 500 and above
 * are errors, those of 400 and above warnings.
 */
export function accessParser(zone: TimeZone): LineParser {
  return (text, { nowMs }) => {
    if (text.length > MAX_LENGTH) return null;
    const match = ACCESS.exec(text);
    if (match === null) return null;
    const [, client = "", , user = "", when = "", request = "", status = "", size = ""] = match;
    const time = readTime(when, 0, zone, nowMs);
    if (time === null) return null;
    const line = bareLine(text);
    line.tsUs = time.tsUs;
    line.nsRemainder = time.nsRemainder;
    line.severityNumber = severityOf(Number(status));
    const add = (key: string, value: string | undefined): void => {
      if (value !== undefined && value !== "" && value !== "-") line.attributes.push([key, value]);
    };
    add("client.address", client);
    add("user.name", user);
    addRequest(line, request, add);
    add("http.response.status_code", status);
    add("http.response.body.size", size);
    add("http.request.header.referer", match[8]);
    add("user_agent.original", match[9]);
    return line;
  };
}

function addRequest(
  line: LogLine,
  request: string,
  add: (key: string, value: string | undefined) => void,
): void {
  const match = REQUEST.exec(request);
  if (match === null) {
    if (request !== "" && request !== "-") line.attributes.push(["http.request.line", request]);
    return;
  }
  const [, method, target = "", version] = match;
  const query = target.indexOf("?");
  add("http.request.method", method);
  add("url.path", query === -1 ? target : target.slice(0, query));
  add("url.query", query === -1 ? undefined : target.slice(query + 1));
  add("network.protocol.version", version);
}

function severityOf(status: number): number {
  if (status >= 500) return SEVERITY.error;
  return status >= 400 ? SEVERITY.warn : SEVERITY.info;
}
