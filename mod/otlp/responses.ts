import { encodeUtf8 } from "../columns/utf8_text.ts";
import type { OtlpEncoding, OtlpSignal, ReceiveOutcome } from "./otlp_signal.ts";
import { varintTag } from "./wire.ts";
import { WireWriter } from "./wire_writer.ts";

/** The count in each signal's `ExportXPartialSuccess`, by its name in JSON. */
const REJECTED_FIELDS: Readonly<Record<OtlpSignal, string>> = {
  traces: "rejectedSpans",
  metrics: "rejectedDataPoints",
  logs: "rejectedLogRecords",
};

/**
 * `ExportXServiceResponse` (opentelemetry-proto, collector): empty when everything was taken, else
 * with `partial_success`, whose fields have the same numbers for all signals.
 */
export function encodeExportResponse(
  signal: OtlpSignal,
  outcome: ReceiveOutcome,
  encoding: OtlpEncoding,
): Uint8Array<ArrayBuffer> {
  const { rejected, errorMessage } = outcome;
  const partial = rejected > 0 || errorMessage !== null;
  if (encoding === "json") {
    const rejectedField = { [REJECTED_FIELDS[signal]]: String(rejected) };
    return encodeJson(
      partial ? { partialSuccess: { ...rejectedField, errorMessage: errorMessage ?? "" } } : {},
    );
  }
  const writer = new WireWriter();
  if (partial) {
    // Written apart, so that its length takes no more bytes than it needs.
    const inner = new WireWriter();
    writeCountAndText(inner, rejected, errorMessage ?? "");
    writer.bytesField(1, inner.finish());
  }
  return writer.finish();
}

/** `google.rpc.Status`, the body of every failure; `code` is a gRPC status code. */
export function encodeRpcStatus(
  code: number,
  message: string,
  encoding: OtlpEncoding,
): Uint8Array<ArrayBuffer> {
  if (encoding === "json") return encodeJson({ code, message });
  const writer = new WireWriter();
  writeCountAndText(writer, code, message);
  return writer.finish();
}

// Both are a varint field 1 and a string field 2; defaults are not written.
function writeCountAndText(writer: WireWriter, count: number, text: string): void {
  if (count !== 0) {
    writer.varint(varintTag(1));
    writer.varint(count);
  }
  if (text !== "") writer.stringField(2, text);
}

function encodeJson(value: unknown): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(encodeUtf8(JSON.stringify(value)));
}
