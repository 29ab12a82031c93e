import type { ExpositionFormat } from "../../mod/prometheus/exposition.ts";
import { encodeUtf8 } from "../../mod/columns/utf8_text.ts";

const ACCEPT =
  "application/openmetrics-text;version=1.0.0;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
/** Of a file with a token or a password. */
const MAX_SECRET_BYTES = 16_384;

/** What proves who asks; files are read before each scrape, so that they may be renewed. */
export type ScrapeCredentials =
  | { readonly kind: "none" }
  | { readonly kind: "bearer"; readonly token: Secret }
  | { readonly kind: "basic"; readonly username: string; readonly password: Secret };

export type Secret = { readonly value: string } | { readonly file: string };

export interface ScrapeClientOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly credentials: ScrapeCredentials;
  /** Certificates of its own; null for the runtime's. Closed by its owner. */
  readonly http: Deno.HttpClient | null;
  readonly timeoutMs: number;
  /** Bytes of an answer, decompressed. */
  readonly maxBytes: number;
  readonly userAgent: string;
}

export interface ScrapeAnswer {
  readonly body: Uint8Array;
  readonly format: ExpositionFormat;
}

/** Asks targets for their metrics. Follows redirects, takes gzip. */
export class ScrapeClient {
  readonly #options: ScrapeClientOptions;

  constructor(options: ScrapeClientOptions) {
    this.#options = options;
  }

  /** @throws Error that says what went wrong; whatever `signal` is aborted with */
  async get(url: string, signal: AbortSignal): Promise<ScrapeAnswer> {
    const { http } = this.#options;
    const headers = await this.#headers();
    const response = await fetch(url, {
      headers,
      signal,
      ...http === null ? {} : { client: http },
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new Error(`answered ${response.status} ${response.statusText}`.trimEnd());
    }
    const type = response.headers.get("content-type") ?? "";
    const format = /^application\/openmetrics-text\b/i.test(type) ? "openmetrics" : "text";
    return { body: await this.#body(response), format };
  }

  async #headers(): Promise<Headers> {
    const { timeoutMs, userAgent } = this.#options;
    const headers = new Headers({
      accept: ACCEPT,
      "user-agent": userAgent,
      "x-prometheus-scrape-timeout-seconds": String(timeoutMs / 1_000),
    });
    const authorization = await authorizationOf(this.#options.credentials);
    if (authorization !== null) headers.set("authorization", authorization);
    for (const [name, value] of Object.entries(this.#options.headers)) headers.set(name, value);
    return headers;
  }

  async #body(response: Response): Promise<Uint8Array> {
    const { maxBytes } = this.#options;
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of response.body ?? []) {
      length += chunk.length;
      if (length > maxBytes) {
        throw new Error(`answered more than ${maxBytes} bytes (body_size_limit)`);
      }
      chunks.push(chunk);
    }
    const body = new Uint8Array(length);
    let at = 0;
    for (const chunk of chunks) {
      body.set(chunk, at);
      at += chunk.length;
    }
    return body;
  }
}

async function authorizationOf(credentials: ScrapeCredentials): Promise<string | null> {
  switch (credentials.kind) {
    case "none":
      return null;
    case "bearer":
      return `Bearer ${await textOf(credentials.token)}`;
    case "basic": {
      const pair = encodeUtf8(`${credentials.username}:${await textOf(credentials.password)}`);
      return `Basic ${btoa(String.fromCharCode(...pair))}`;
    }
  }
}

async function textOf(secret: Secret): Promise<string> {
  if ("value" in secret) return secret.value;
  const { size } = await Deno.stat(secret.file);
  if (size > MAX_SECRET_BYTES) throw new Error(`${secret.file} is too large for a secret`);
  return (await Deno.readTextFile(secret.file)).trim();
}
