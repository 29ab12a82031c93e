import { gunzipSync } from "node:zlib";
import { HorizonError } from "../../mod/errors.ts";

/** Output is made in pieces of this size, so a bomb is cut off at most one piece past the cap. */
const CHUNK_BYTES = 64 * 1024;

/**
 * Decompresses gzip (RFC 1952, also several members one after the other).
 *
 * Deliberately not `DecompressionStream`: it inflates everything that one write holds before
 * the first byte can be counted, so 200 KB of input became 200 MB at once.
 *
 * @throws HorizonError `too_large` past `maxBytes`, `invalid_argument` when it is not gzip
 */
export function gunzip(compressed: Uint8Array, maxBytes: number): Uint8Array {
  try {
    return gunzipSync(compressed, { maxOutputLength: maxBytes, chunkSize: CHUNK_BYTES });
  } catch (error) {
    if (error instanceof RangeError) {
      throw new HorizonError("too_large", "the body is too large once decompressed", {
        max_decompressed_bytes: maxBytes,
      });
    }
    throw new HorizonError(
      "invalid_argument",
      `the body is not valid gzip: ${error instanceof Error ? error.message : String(error)}`,
      {},
      null,
      { cause: error },
    );
  }
}
