import { HorizonError } from "../../mod/errors.ts";
import type { RemoteWriteVersion } from "../../mod/prometheus/remote_write.ts";
import { mediaType } from "../body/media_type.ts";

const MEDIA_TYPE = "application/x-protobuf";
const MESSAGES: ReadonlyMap<string, RemoteWriteVersion> = new Map([
  ["prometheus.WriteRequest", 1],
  ["io.prometheus.write.v2.Request", 2],
]);

/**
 * The version of the message in a body, by Content-Type and its parameter `proto` (Remote-Write
 * 2.0, "Content-Type"). Without the parameter it is 1.0.
 * @throws HorizonError `unsupported_media_type`, by which senders find out what is spoken here
 */
export function remoteWriteVersion(headers: Headers): RemoteWriteVersion {
  const message = protoParameter(headers.get("content-type") ?? "");
  const version = message === null ? 1 : MESSAGES.get(message);
  if (mediaType(headers) === MEDIA_TYPE && version !== undefined) return version;
  throw new HorizonError("unsupported_media_type", "this content type is not taken", {
    content_type: (headers.get("content-type") ?? "").slice(0, 200),
    allowed: [...MESSAGES.keys()].map((name) => `${MEDIA_TYPE};proto=${name}`),
  });
}

function protoParameter(contentType: string): string | null {
  for (const part of contentType.split(";").slice(1)) {
    const [name = "", value = ""] = part.split("=", 2).map((text) => text.trim());
    if (name.toLowerCase() === "proto") return value.replace(/^"(.*)"$/, "$1");
  }
  return null;
}
