import type { OtlpEncoding } from "../../mod/otlp/otlp_signal.ts";

/** Media type of each encoding. */
export const OTLP_MEDIA_TYPES: Readonly<Record<OtlpEncoding, string>> = {
  protobuf: "application/x-protobuf",
  json: "application/json",
};

/** The encoding that a media type stands for, or null. */
export function encodingOf(mediaType: string): OtlpEncoding | null {
  if (mediaType === OTLP_MEDIA_TYPES.protobuf) return "protobuf";
  return mediaType === OTLP_MEDIA_TYPES.json ? "json" : null;
}
