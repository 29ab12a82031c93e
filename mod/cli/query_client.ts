import type { CliIo, QueryCommand } from "./command.ts";

/** A failure with a sentence for people. */
export class QueryFailure extends Error {
  override readonly name = "QueryFailure";
}

/** How much later than the server's own deadline the client gives up. */
const GRACE_MS = 5_000;
/** Where the server's deadline is not known: well above any that it may have by default. */
const PATIENCE_MS = 600_000;
const MAX_CAUSES = 8;
const MAX_ERROR_BYTES = 64 * 1024;

/**
 * Asks a Horizon; the answer is a response with status 200, its body not read yet.
 *
 * @throws QueryFailure with what to do about it
 */
export async function askHorizon(
  command: QueryCommand,
  sql: string,
  fetch: CliIo["fetch"],
): Promise<Response> {
  const { url, format, token, timeoutMs, maxRows } = command;
  const body = {
    query: sql,
    format: format === "table" ? "json" : format,
    ...timeoutMs === null ? {} : { timeout_ms: timeoutMs },
    ...maxRows === null ? {} : { max_rows: maxRows },
  };
  const deadlineMs = timeoutMs === null ? PATIENCE_MS : timeoutMs + GRACE_MS;
  return await requestHorizon({ url, token }, "api/sql", { body, deadlineMs }, fetch);
}

/** Where a Horizon is, and the token it wants. */
export type HorizonTarget = Pick<QueryCommand, "url" | "token">;

export interface HorizonRequest {
  /** Sent as JSON with POST; without one it is a GET. */
  readonly body?: object;
  readonly deadlineMs: number;
}

/**
 * Asks a route of a Horizon; the answer is a response with status 200, its body not read yet.
 *
 * @throws QueryFailure with what to do about it
 */
export async function requestHorizon(
  { url, token }: HorizonTarget,
  path: string,
  { body, deadlineMs }: HorizonRequest,
  fetch: CliIo["fetch"],
): Promise<Response> {
  const response = await fetch(new URL(path, url), {
    ...body === undefined ? {} : { method: "POST", body: JSON.stringify(body) },
    headers: {
      ...body === undefined ? {} : { "content-type": "application/json" },
      ...token === null ? {} : { authorization: `Bearer ${token}` },
    },
    // The token goes to nobody else.
    redirect: "manual",
    signal: AbortSignal.timeout(deadlineMs),
  }).catch((error: unknown) => {
    throw unreachable(url, error);
  });
  if (response.status === 200) return response;
  throw new QueryFailure(await failureSentence(response, url));
}

/**
 * The bytes of a body as text, chunk by chunk.
 *
 * @throws QueryFailure when the connection breaks, or past `maxBytes`
 */
export async function* bodyText(
  response: Response,
  maxBytes: number = Infinity,
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let bytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > maxBytes) {
        throw new QueryFailure(`the answer is larger than ${maxBytes} bytes; lower --max-rows`);
      }
      yield decoder.decode(chunk, { stream: true });
    }
  } catch (error) {
    if (error instanceof QueryFailure) throw error;
    throw new QueryFailure(`the answer broke off: ${reasonOf(error)}`, { cause: error });
  }
  yield decoder.decode();
}

function unreachable(url: URL, error: unknown): QueryFailure {
  const at = shownUrl(url);
  if (error instanceof DOMException && error.name === "TimeoutError") {
    return new QueryFailure(`no answer in time from Horizon at ${at}`, { cause: error });
  }
  return new QueryFailure(
    `cannot reach Horizon at ${at}: ${reasonOf(error)}\n` +
      "Start it with `horizon serve`, or name another one with --url or HORIZON_URL.",
    { cause: error },
  );
}

/** The innermost reason that the runtime gives, such as "Connection refused (os error 111)". */
function reasonOf(error: unknown): string {
  let inner = error;
  for (let depth = 0; depth < MAX_CAUSES; depth++) {
    if (!(inner instanceof Error) || inner.cause === undefined) break;
    inner = inner.cause;
  }
  const message = inner instanceof Error ? inner.message : String(inner);
  return message.split(": ").at(-1) ?? message;
}

async function failureSentence(response: Response, url: URL): Promise<string> {
  let text = "";
  for await (const chunk of bodyText(response)) {
    text += chunk;
    if (text.length > MAX_ERROR_BYTES) break;
  }
  const error = errorOf(text);
  if (error === null) {
    return `${shownUrl(url)} answered with status ${response.status}; is that a Horizon?`;
  }
  switch (error.code) {
    case "unauthenticated":
      return `${error.message}; give a token with HORIZON_TOKEN or --token`;
    case "invalid_query":
      return error.message;
    default:
      return `${error.message} (${error.code})`;
  }
}

/** The code and the message of `{"error": {"code", "message"}}`; null when the text is none. */
function errorOf(text: string): { code: string; message: string } | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return null;
  }
  const error = property(parsed, "error");
  const code = property(error, "code");
  const message = property(error, "message");
  return typeof code === "string" && typeof message === "string" ? { code, message } : null;
}

function property(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
}

function shownUrl(url: URL): string {
  return url.href.replace(/\/$/, "");
}
