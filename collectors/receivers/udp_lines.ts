import { createSocket, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import { formatListenAddress, type ListenAddress } from "../../mod/config/listen_address.ts";
import { toHorizonError } from "../../mod/errors.ts";
import type { SourceBook } from "../../mod/sources/source_book.ts";
import type { SourceSignal } from "../../mod/sources/source_status.ts";
import { bindFailure } from "../bind_failure.ts";
import type { Timers } from "../scheduler.ts";
import { udpDrops } from "./udp_drops.ts";
import { countLines, type LineConsumer, type RunningReceiver } from "./line_consumer.ts";

export interface UdpLinesOptions extends ListenAddress {
  readonly purpose: string;
  /** The key of the configuration that says the address. */
  readonly setting: string;
  readonly consumer: LineConsumer;
  /** What the lines are. */
  readonly signal: SourceSignal;
  readonly book: SourceBook;
  readonly timers: Timers;
}

/** Datagrams wait for company until there are so many bytes, or for so long. */
const BATCH_BYTES = 262_144;
const BATCH_WAIT_MS = 50;
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;
/** How often the kernel's drops are looked at. */
const DROPS_EVERY_MS = 10_000;
/** Batches that are being taken at a time; datagrams past them are dropped and counted. */
const MAX_IN_FLIGHT = 8;
const NEWLINE = 10;

/**
 * Takes lines over UDP, one or more a datagram. There is nobody to tell that there is no room:
 * what finds none is dropped and counted, also what the kernel dropped before it got here.
 * @throws HorizonError when the address cannot be had
 */
export async function listenUdpLines(options: UdpLinesOptions): Promise<RunningReceiver> {
  const socket = createSocket(isIPv6(options.hostname) ? "udp6" : "udp4");
  const lines = new UdpLines(options);
  socket.on("message", (datagram) => lines.add(datagram));
  const address = await bind(socket, options);
  socket.on("error", (error) => options.book.refused("socket_failed", error.message));
  askForBuffer(socket);
  const stopWatching = watchDrops(isIPv6(options.hostname), socket.address().port, options);
  return {
    address,
    shutdown: async (deadlineMs) => {
      stopWatching();
      const closed = Promise.withResolvers<void>();
      socket.close(() => closed.resolve());
      await closed.promise;
      await lines.drain(deadlineMs);
    },
  };
}

function bind(socket: Socket, options: UdpLinesOptions): Promise<string> {
  const { hostname, port } = options;
  return new Promise((resolve, reject) => {
    const failed = (error: Error) => {
      socket.close();
      reject(bindFailure(error, options));
    };
    socket.once("error", failed);
    socket.bind({ address: hostname, port }, () => {
      socket.off("error", failed);
      resolve(formatListenAddress({ hostname, port: socket.address().port }));
    });
  });
}

/** The kernel gives what its limit (net.core.rmem_max) allows. */
function askForBuffer(socket: Socket): void {
  try {
    socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
  } catch {
    // It stays as large as it is; what does not fit is counted as the kernel's drops.
  }
}

/** Counts what the kernel drops, for as long as it can be read; the answer ends it. */
function watchDrops(
  ipv6: boolean,
  port: number,
  { book, signal, timers }: UdpLinesOptions,
): () => void {
  let known = 0;
  let stop = () => {};
  const look = async () => {
    // Without this file (not Linux, or no /proc) there is nothing to tell.
    const table = await Deno.readTextFile(ipv6 ? "/proc/net/udp6" : "/proc/net/udp").catch(() =>
      ""
    );
    const drops = udpDrops(table, port) ?? known;
    if (drops > known) {
      book.rejected(signal, "kernel_buffer_full", drops - known);
      book.problem(`the kernel dropped ${drops - known} datagrams: its receive buffer was full`);
    }
    known = drops;
  };
  const later = () => {
    stop = timers.after(DROPS_EVERY_MS, () => {
      later();
      look();
    });
  };
  later();
  return () => stop();
}

/** Gathers datagrams into batches. */
class UdpLines {
  readonly #options: UdpLinesOptions;
  readonly #buffer = new Uint8Array(BATCH_BYTES);
  #filled = 0;
  /** Where each datagram in the buffer ends, its newline included. */
  #ends: number[] = [];
  #cancel: (() => void) | null = null;
  readonly #inFlight = new Set<Promise<void>>();

  constructor(options: UdpLinesOptions) {
    this.#options = options;
  }

  add(datagram: Uint8Array): void {
    const { book, timers, signal } = this.#options;
    book.request(signal);
    if (datagram.length === 0) return;
    if (this.#filled + datagram.length + 1 > BATCH_BYTES) this.#flush();
    if (this.#filled + datagram.length + 1 > BATCH_BYTES) {
      return book.rejected(signal, "overloaded", countLines(datagram));
    }
    this.#buffer.set(datagram, this.#filled);
    this.#filled += datagram.length;
    if (datagram.at(-1) !== NEWLINE) this.#buffer[this.#filled++] = NEWLINE;
    this.#ends.push(this.#filled);
    this.#cancel ??= timers.after(BATCH_WAIT_MS, () => {
      this.#cancel = null;
      this.#flush();
    });
  }

  async drain(deadlineMs: number): Promise<void> {
    const late = Promise.withResolvers<void>();
    const cancel = this.#options.timers.after(deadlineMs, late.resolve);
    this.#flush();
    await Promise.race([Promise.all(this.#inFlight), late.promise]);
    cancel();
  }

  /** Hands the batch over, unless too many are on their way: it then waits for one of them. */
  #flush(): void {
    this.#cancel?.();
    this.#cancel = null;
    if (this.#filled === 0 || this.#inFlight.size >= MAX_IN_FLIGHT) return;
    const lines = this.#buffer.slice(0, this.#filled);
    const ends = this.#ends;
    this.#filled = 0;
    this.#ends = [];
    const taken = this.#take(lines, ends).finally(() => {
      this.#inFlight.delete(taken);
      // It was to leave already when this one was in its way.
      if (this.#cancel === null) this.#flush();
    });
    this.#inFlight.add(taken);
  }

  async #take(lines: Uint8Array, ends: readonly number[]): Promise<void> {
    const { consumer, book, signal } = this.#options;
    try {
      await consumer.take(lines, ends);
    } catch (error) {
      book.failed(error);
      book.rejected(signal, toHorizonError(error).code, countLines(lines));
    }
  }
}
