import type { OtlpSignal } from "../../mod/otlp/otlp_signal.ts";
import { patch, type PatchPoints, patchPoints } from "./body_patch.ts";

/** A whole HTTP/1.1 request in one buffer, so that sending is one write and changing is cheap. */
interface Request {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView;
  readonly points: PatchPoints;
}

/** What was sent, and how it was answered. */
export interface LoadResult {
  /** Rows of requests that were answered 200. */
  readonly keptRows: number;
  /** Requests that were refused with 429 or 503 and sent anew as others. */
  readonly refused: number;
  readonly seconds: number;
  /** From the first byte sent to the whole answer, of the requests kept. */
  readonly answerMs: readonly number[];
}

export interface LoadOptions {
  /** Origin of the OTLP listener. */
  readonly url: string;
  readonly signal: OtlpSignal;
  /** Encoded requests; each connection takes one and sends it again and again, changed. */
  readonly bodies: readonly Uint8Array[];
  readonly rowsPerBody: number;
  readonly connections: number;
  readonly seconds: number;
  /** Rows a second that are offered in all; as many as go when it is left out. */
  readonly pace?: number;
}

/** Longest head of an answer. */
const MAX_HEAD = 16 * 1024;
/** Before a refused sender comes back. */
const REFUSED_WAIT_MS = 100;

let sequence = 1;

/**
 * Sends OTLP over keep-alive connections, one request at a time on each, with ids and times of
 * their own. Written on sockets because the load shares the cores with what it measures: `fetch`
 * costs several times as much.
 *
 * @throws {Error} on an answer that is neither 200 nor "come back later"
 */
export async function sendLoad(options: LoadOptions): Promise<LoadResult> {
  const { bodies, connections, rowsPerBody, pace } = options;
  const { hostname, port } = new URL(options.url);
  const answerMs: number[] = [];
  let refused = 0;
  const startedMs = performance.now();
  const endsMs = startedMs + options.seconds * 1_000;
  const everyMs = pace === undefined ? 0 : rowsPerBody * 1_000 / pace;
  let next = 0;
  await Promise.all(Array.from({ length: connections }, async (_, index) => {
    const request = requestOf(options, bodies[index % bodies.length]!);
    using connection = await Deno.connect({ hostname, port: Number(port) });
    for (;;) {
      const dueMs = startedMs + next++ * everyMs;
      if (Math.max(dueMs, performance.now()) >= endsMs) return;
      await pause(dueMs - performance.now());
      patch(request.view, request.points, sequence++, Date.now());
      const sentMs = performance.now();
      const status = await exchange(connection, request.bytes);
      if (status === 200) answerMs.push(performance.now() - sentMs);
      else if (status === 429 || status === 503) {
        refused++;
        await pause(REFUSED_WAIT_MS);
      } else throw new Error(`/v1/${options.signal} answered ${status}`);
    }
  }));
  const seconds = (performance.now() - startedMs) / 1_000;
  return { keptRows: answerMs.length * rowsPerBody, refused, seconds, answerMs };
}

function requestOf({ url, signal }: LoadOptions, body: Uint8Array): Request {
  const head = new TextEncoder().encode(
    `POST /v1/${signal} HTTP/1.1\r\nhost: ${new URL(url).host}\r\n` +
      `content-type: application/x-protobuf\r\ncontent-length: ${body.length}\r\n\r\n`,
  );
  const bytes = new Uint8Array(head.length + body.length);
  bytes.set(head);
  bytes.set(body, head.length);
  const points = patchPoints(signal, body, head.length);
  return { bytes, view: new DataView(bytes.buffer), points };
}

/** Sends a request and reads its answer, which must say its length; the status. */
async function exchange(connection: Deno.TcpConn, request: Uint8Array): Promise<number> {
  for (let at = 0; at < request.length;) at += await connection.write(request.subarray(at));
  const answer = new Uint8Array(MAX_HEAD);
  let length = 0;
  for (;;) {
    const read = await connection.read(answer.subarray(length));
    if (read === null) throw new Error("the connection was closed before the answer");
    length += read;
    const text = new TextDecoder().decode(answer.subarray(0, length));
    const headEnd = text.indexOf("\r\n\r\n");
    if (headEnd < 0) continue;
    const bodyLength = /^content-length: (\d+)\r?$/im.exec(text.slice(0, headEnd + 2))?.[1];
    if (bodyLength === undefined) throw new Error(`an answer without its length: ${text}`);
    const whole = headEnd + 4 + Number(bodyLength);
    if (whole > MAX_HEAD) throw new Error(`an answer of ${whole} bytes`);
    if (length >= whole) return Number(text.slice(9, 12));
  }
}

async function pause(ms: number): Promise<void> {
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
}
