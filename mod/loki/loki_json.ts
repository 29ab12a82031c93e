import { HorizonError } from "../errors.ts";
import type { TextAttributes } from "../intake/log_writer.ts";
import type { LokiEntry, LokiStream } from "./loki_stream.ts";

/** 19 digits are nanoseconds until 2286. */
const NANOS = /^\d{1,19}$/;

/**
 * The streams of a push in JSON: `{"streams": [{"stream": {labels}, "values": [["ns", "line",
 * {structured metadata}], …]}]}` (Loki HTTP API, "Ingest logs").
 *
 * @throws HorizonError `invalid_argument`, with where it is wrong
 */
export function lokiStreamsOfJson(text: string): LokiStream[] {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (error) {
    throw wrong("the body is no JSON", error instanceof Error ? error.message : String(error));
  }
  const streams = isObject(body) ? body["streams"] : undefined;
  if (!Array.isArray(streams)) throw wrong("streams", "it is not a list");
  return streams.map((stream: unknown, i) => {
    const at = `streams[${i}]`;
    if (!isObject(stream)) throw wrong(at, "it is not an object");
    const { stream: labels, values } = stream;
    if (!Array.isArray(values)) throw wrong(`${at}.values`, "it is not a list");
    return {
      labels: textsOf(labels, `${at}.stream`),
      entries: values.map((value: unknown, j) => entryOf(value, `${at}.values[${j}]`)),
    };
  });
}

function entryOf(value: unknown, at: string): LokiEntry {
  if (!Array.isArray(value) || value.length < 2 || value.length > 3) {
    throw wrong(at, "it is not [time, line] or [time, line, metadata]");
  }
  const [time, line, metadata]: unknown[] = value;
  if (typeof time !== "string" || !NANOS.test(time)) {
    throw wrong(`${at}[0]`, "it is not a text of nanoseconds since 1970");
  }
  if (typeof line !== "string") throw wrong(`${at}[1]`, "it is not a text");
  return {
    tsUs: Number(time.slice(0, -3) || "0"),
    nsRemainder: Number(time.slice(-3)),
    line,
    metadata: metadata === undefined ? [] : textsOf(metadata, `${at}[2]`),
  };
}

function textsOf(value: unknown, at: string): TextAttributes {
  if (!isObject(value)) throw wrong(at, "it is not an object");
  return Object.entries(value).map(([name, text]) => {
    if (typeof text !== "string") throw wrong(`${at}.${name.slice(0, 100)}`, "it is not a text");
    return [name, text] as const;
  });
}

function wrong(path: string, problem: string): HorizonError {
  return new HorizonError("invalid_argument", `the push is malformed: ${path}: ${problem}`, {
    path,
  });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
