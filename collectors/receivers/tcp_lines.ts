import type { Clock } from "../../mod/clock.ts";
import { formatListenAddress, type ListenAddress } from "../../mod/config/listen_address.ts";
import { toHorizonError } from "../../mod/errors.ts";
import type { SourceBook } from "../../mod/sources/source_book.ts";
import type { SourceSignal } from "../../mod/sources/source_status.ts";
import { bindFailure } from "../bind_failure.ts";
import type { Timers } from "../scheduler.ts";
import { countLines, type LineConsumer, type RunningReceiver } from "./line_consumer.ts";

export interface TcpLinesOptions extends ListenAddress {
  readonly purpose: string;
  /** The key of the configuration that says the address. */
  readonly setting: string;
  readonly consumer: LineConsumer;
  /** How many of the bytes are whole lines; without it, those up to the last newline. */
  readonly wholeLines?: (bytes: Uint8Array) => number;
  /** What the lines are. */
  readonly signal: SourceSignal;
  readonly book: SourceBook;
  readonly maxConnections: number;
  readonly clock: Clock;
  readonly timers: Timers;
}

/** A connection's buffer, and so its longest line, bytes. */
const BUFFER_BYTES = 65_536;
/** A connection that brings nothing for so long is closed; clients open another. */
const IDLE_MS = 10 * 60_000;
const IDLE_CHECK_MS = 60_000;
const NEWLINE = 10;
/** A web page can make a browser send this to any port; what follows is not meant for us. */
const HTTP_REQUEST = /^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|CONNECT|TRACE) \S* HTTP\//;

interface Client {
  readonly conn: Deno.Conn;
  lastReadMs: number;
  /** Its lines that are being taken, or wait for room. */
  taking: boolean;
}

/**
 * Takes lines over TCP. While there is no room for them it does not read on, so that senders wait.
 * @throws HorizonError when the address cannot be had
 */
export function listenTcpLines(options: TcpLinesOptions): RunningReceiver {
  return new TcpLines(options);
}

class TcpLines implements RunningReceiver {
  readonly address: string;
  readonly #options: TcpLinesOptions;
  readonly #listener: Deno.Listener;
  readonly #clients = new Set<Client>();
  readonly #served = new Set<Promise<void>>();
  #cancelIdleCheck: () => void = () => {};
  /** Waits for room that are to be cut short when it closes. */
  readonly #closing = Promise.withResolvers<void>();
  #closed = false;
  #stopped: Promise<void> | null = null;

  constructor(options: TcpLinesOptions) {
    this.#options = options;
    const { hostname, port } = options;
    try {
      this.#listener = Deno.listen({ hostname, port });
    } catch (error) {
      throw error instanceof Error ? bindFailure(error, options) : error;
    }
    const { addr } = this.#listener;
    this.address = formatListenAddress({
      hostname,
      port: addr.transport === "tcp" ? addr.port : port,
    });
    this.#served.add(this.#accept());
    this.#checkIdleLater();
  }

  shutdown(deadlineMs: number): Promise<void> {
    return this.#stopped ??= this.#stop(deadlineMs);
  }

  async #stop(deadlineMs: number): Promise<void> {
    this.#closed = true;
    this.#cancelIdleCheck();
    this.#listener.close();
    this.#closing.resolve();
    for (const client of this.#clients) if (!client.taking) close(client.conn);
    const late = Promise.withResolvers<void>();
    const cancel = this.#options.timers.after(deadlineMs, late.resolve);
    await Promise.race([Promise.all(this.#served), late.promise]);
    cancel();
    for (const { conn } of this.#clients) close(conn);
  }

  async #accept(): Promise<void> {
    while (!this.#closed) {
      let conn: Deno.Conn;
      try {
        conn = await this.#listener.accept();
      } catch (error) {
        if (this.#closed) return;
        // Such as too many open files; the listener itself is fine.
        this.#options.book.refused("accept_failed", `accept failed: ${String(error)}`);
        await this.#wait(100);
        continue;
      }
      const { maxConnections, book } = this.#options;
      if (this.#clients.size >= maxConnections) {
        book.refused("too_many_connections", `more than ${maxConnections} connections`);
        close(conn);
        continue;
      }
      const served = this.#serve(conn).finally(() => this.#served.delete(served));
      this.#served.add(served);
    }
  }

  async #serve(conn: Deno.Conn): Promise<void> {
    const client: Client = { conn, lastReadMs: this.#options.clock.monotonicMs(), taking: false };
    this.#clients.add(client);
    try {
      await this.#read(client);
    } catch (error) {
      // Connections end in many ways, most of them none of our business; it is counted.
      if (!this.#closed) {
        this.#options.book.refused("connection_failed", `a connection failed: ${String(error)}`);
      }
    } finally {
      this.#clients.delete(client);
      close(conn);
    }
  }

  async #read(client: Client): Promise<void> {
    const { book, clock, signal } = this.#options;
    const wholeLines = this.#options.wholeLines ?? upToNewline;
    const buffer = new Uint8Array(BUFFER_BYTES);
    let filled = 0;
    let first = true;
    // Within a line that is too long, up to its newline.
    let skipping = false;
    while (!this.#closed) {
      const read = await client.conn.read(buffer.subarray(filled));
      if (read === null) break;
      client.lastReadMs = clock.monotonicMs();
      book.request(signal);
      filled += read;
      if (skipping) {
        const newline = buffer.subarray(0, filled).indexOf(NEWLINE);
        buffer.copyWithin(0, newline < 0 ? filled : newline + 1, filled);
        filled = newline < 0 ? 0 : filled - newline - 1;
        skipping = newline < 0;
      }
      const end = wholeLines(buffer.subarray(0, filled));
      if (end > 0) {
        if (first && isHttp(buffer.subarray(0, end))) {
          return book.refused("http_request", "an HTTP request came to a port that is not HTTP");
        }
        first = false;
        await this.#take(client, buffer.slice(0, end));
        buffer.copyWithin(0, end, filled);
        filled -= end;
      } else if (filled === BUFFER_BYTES) {
        book.rejected(signal, "line_too_long");
        book.problem(`a line is longer than ${BUFFER_BYTES} bytes`);
        filled = 0;
        skipping = true;
      }
    }
    if (filled > 0 && !this.#closed) await this.#take(client, buffer.slice(0, filled));
  }

  /** Takes the lines, however long it has to wait for room. */
  async #take(client: Client, lines: Uint8Array): Promise<void> {
    const { consumer, book, signal } = this.#options;
    client.taking = true;
    for (let attempt = 0;; attempt++) {
      try {
        await consumer.take(lines);
        if (attempt > 0) book.pause(null);
        break;
      } catch (error) {
        const { retryAfterMs, message } = toHorizonError(error);
        // Counted once for each time that it stops reading.
        if (attempt === 0) book.failed(error);
        if (retryAfterMs === null || this.#closed) {
          book.rejected(
            signal,
            retryAfterMs === null ? "failed" : "shutdown",
            countLines(lines),
          );
          break;
        }
        book.pause(message);
        await this.#wait(retryAfterMs);
      }
    }
    client.taking = false;
  }

  async #wait(ms: number): Promise<void> {
    const over = Promise.withResolvers<void>();
    const cancel = this.#options.timers.after(ms, over.resolve);
    await Promise.race([over.promise, this.#closing.promise]);
    cancel();
  }

  #checkIdleLater(): void {
    this.#cancelIdleCheck = this.#options.timers.after(IDLE_CHECK_MS, () => {
      const oldestMs = this.#options.clock.monotonicMs() - IDLE_MS;
      for (const { conn, lastReadMs, taking } of this.#clients) {
        if (!taking && lastReadMs < oldestMs) close(conn);
      }
      this.#checkIdleLater();
    });
  }
}

function upToNewline(bytes: Uint8Array): number {
  return bytes.lastIndexOf(NEWLINE) + 1;
}

function isHttp(bytes: Uint8Array): boolean {
  return HTTP_REQUEST.test(new TextDecoder("latin1").decode(bytes.subarray(0, 2_048)));
}

/** A connection that is closed already stays so. */
function close(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
