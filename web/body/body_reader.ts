import { unsnappy } from "../../mod/compress/snappy.ts";
import { HorizonError } from "../../mod/errors.ts";
import { SlowBodyError } from "../errors/slow_body_error.ts";
import type { BodyBudget, BodyLimits } from "./body_limits.ts";
import { gunzip } from "./gunzip.ts";

/** What a client is told to wait when there is no room for its body. */
const RETRY_AFTER_MS = 1_000;

export interface BodyStats {
  /** Bodies in memory now, and their bytes. */
  readonly open: number;
  readonly bufferedBytes: number;
  /** Bodies refused so far, by the bound that refused them. */
  readonly refused: Readonly<Record<BodyRefusal, number>>;
}

export type BodyRefusal = "too_large" | "too_slow" | "no_room";

/**
 * How a route's bodies come: gzip where Content-Encoding says so and plain without it, or in
 * snappy's block format, which the protocols that use it do not always declare.
 */
export type BodyCoding = "gzip" | "snappy";

/** Answers the decompressed body, or throws `too_large` past `maxBytes`. */
type Decompress = (raw: Uint8Array, maxBytes: number) => Uint8Array;

/** Reads whole request bodies under bounds of size, time and total memory. */
export class BodyReader {
  readonly #budget: BodyBudget;
  readonly #refused: Record<BodyRefusal, number> = { too_large: 0, too_slow: 0, no_room: 0 };
  #open = 0;
  #bufferedBytes = 0;

  constructor(budget: BodyBudget) {
    this.#budget = budget;
  }

  get stats(): BodyStats {
    return {
      open: this.#open,
      bufferedBytes: this.#bufferedBytes,
      refused: { ...this.#refused },
    };
  }

  /**
   * Reads and decompresses the body, and counts it against the budget until `use` is done.
   * A request without a body has an empty one.
   *
   * @throws HorizonError `too_large`, `unsupported_media_type` (an encoding other than `coding`),
   * `invalid_argument` (broken, or cut off), `overloaded` (no room), `SlowBodyError`
   */
  async withBody<T>(
    request: Request,
    limits: BodyLimits,
    use: (body: Uint8Array) => T | Promise<T>,
    coding: BodyCoding = "gzip",
  ): Promise<T> {
    const decompress = decompression(request.headers, coding);
    const declared = Number(request.headers.get("content-length") ?? 0);
    if (declared > limits.maxBytes) throw this.#tooLarge(limits);
    if (this.#open >= this.#budget.maxBodies) throw this.#noRoom();
    this.#open++;
    let held = 0;
    const hold = (bytes: number): void => {
      if (this.#bufferedBytes + bytes > this.#budget.maxBufferedBytes) throw this.#noRoom();
      this.#bufferedBytes += bytes;
      held += bytes;
    };
    try {
      const raw = await this.#read(request, limits, hold);
      if (decompress === null || raw.length === 0) return await use(raw);
      const body = this.#decompressed(decompress, raw, limits.maxDecompressedBytes);
      hold(body.length);
      return await use(body);
    } finally {
      this.#open--;
      this.#bufferedBytes -= held;
    }
  }

  async #read(
    request: Request,
    limits: BodyLimits,
    hold: (bytes: number) => void,
  ): Promise<Uint8Array> {
    if (request.body === null) return new Uint8Array();
    const reader = request.body.getReader();
    const deadline = Promise.withResolvers<never>();
    // A body that arrives in time leaves this promise alone.
    deadline.promise.catch(() => undefined);
    const timer = setTimeout(
      () => deadline.reject(new SlowBodyError(limits.timeoutMs)),
      limits.timeoutMs,
    );
    const chunks: Uint8Array[] = [];
    let length = 0;
    try {
      for (;;) {
        const next = await Promise.race([reader.read(), deadline.promise]);
        if (next.done) return joined(chunks, length);
        length += next.value.length;
        if (length > limits.maxBytes) throw this.#tooLarge(limits);
        hold(next.value.length);
        chunks.push(next.value);
      }
    } catch (error) {
      // What the client still sends is of no interest, nor whether it could be told so.
      reader.cancel().catch(() => undefined);
      throw this.#readFailure(error);
    } finally {
      clearTimeout(timer);
    }
  }

  #readFailure(error: unknown): unknown {
    if (error instanceof SlowBodyError) this.#refused.too_slow++;
    if (error instanceof HorizonError) return error;
    return new HorizonError("cancelled", "the connection ended before the body did", {}, null, {
      cause: error,
    });
  }

  #decompressed(decompress: Decompress, raw: Uint8Array, maxBytes: number): Uint8Array {
    try {
      return decompress(raw, maxBytes);
    } catch (error) {
      if (error instanceof HorizonError && error.code === "too_large") this.#refused.too_large++;
      throw error;
    }
  }

  #tooLarge(limits: BodyLimits): HorizonError {
    this.#refused.too_large++;
    return new HorizonError("too_large", "the request body is too large", {
      max_bytes: limits.maxBytes,
    });
  }

  #noRoom(): HorizonError {
    this.#refused.no_room++;
    return new HorizonError(
      "overloaded",
      "too many request bodies are under way; retry later",
      { max_bodies: this.#budget.maxBodies, max_buffered_bytes: this.#budget.maxBufferedBytes },
      RETRY_AFTER_MS,
    );
  }
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const [first] = chunks;
  if (first !== undefined && chunks.length === 1) return first;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

const CONTENT_ENCODINGS: Readonly<Record<BodyCoding, ReadonlyMap<string, Decompress | null>>> = {
  gzip: new Map<string, Decompress | null>([
    ["", null],
    ["identity", null],
    ["gzip", gunzip],
    ["x-gzip", gunzip],
  ]),
  snappy: new Map<string, Decompress | null>([["", unsnappy], ["snappy", unsnappy]]),
};

/** @throws HorizonError `unsupported_media_type` for an encoding that is not taken */
function decompression(headers: Headers, coding: BodyCoding): Decompress | null {
  const encoding = (headers.get("content-encoding") ?? "").trim().toLowerCase();
  const decompress = CONTENT_ENCODINGS[coding].get(encoding);
  if (decompress !== undefined) return decompress;
  throw new HorizonError("unsupported_media_type", "this content encoding is not taken", {
    content_encoding: encoding.slice(0, 100),
    allowed: coding === "gzip" ? ["gzip", "identity"] : ["snappy"],
  });
}
