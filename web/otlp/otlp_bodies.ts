import { encodeUtf8 } from "../../mod/columns/utf8_text.ts";
import type { OtlpEncoding, OtlpSignal, ReceiveOutcome } from "../../mod/otlp/otlp_signal.ts";

/** Name of the count of rejected records in each signal's `ExportXPartialSuccess`. */
const REJECTED_FIELD: Readonly<Record<OtlpSignal, string>> = {
  traces: "rejectedSpans",
  metrics: "rejectedDataPoints",
  logs: "rejectedLogRecords",
};

/**
 * `ExportXServiceResponse`: empty when everything was accepted, else with `partial_success`
 * (opentelemetry-proto, collector/…_service.proto).
 */
export function encodeResponse(
  signal: OtlpSignal,
  { rejected, errorMessage }: ReceiveOutcome,
  encoding: OtlpEncoding,
): Uint8Array<ArrayBuffer> {
  const message = errorMessage ?? "";
  const partial = rejected > 0 || message !== "";
  if (encoding === "json") {
    return encodeJson(
      partial
        // int64 is a string in protobuf's JSON.
        ? { partialSuccess: { [REJECTED_FIELD[signal]]: String(rejected), errorMessage: message } }
        : {},
    );
  }
  return Uint8Array.from(partial ? bytesField(1, countAndText(rejected, message)) : []);
}

/** `google.rpc.Status`: code = 1, message = 2. */
export function encodeStatus(
  code: number,
  message: string,
  encoding: OtlpEncoding,
): Uint8Array<ArrayBuffer> {
  if (encoding === "json") return encodeJson({ code, message });
  return Uint8Array.from(countAndText(code, message));
}

// Both messages that are sent here are a varint field 1 and a string field 2.
function countAndText(count: number, text: string): number[] {
  return [
    ...count === 0 ? [] : [1 << 3, ...varint(count)],
    ...text === "" ? [] : bytesField(2, [...encodeUtf8(text)]),
  ];
}

function bytesField(field: number, bytes: readonly number[]): number[] {
  return [field << 3 | 2, ...varint(bytes.length), ...bytes];
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push(rest % 128 | 128);
  bytes.push(rest);
  return bytes;
}

function encodeJson(value: unknown): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(encodeUtf8(JSON.stringify(value)));
}
