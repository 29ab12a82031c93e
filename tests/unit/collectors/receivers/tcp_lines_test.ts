import assert from "node:assert/strict";
import type { RunningReceiver } from "../../../../collectors/receivers/line_consumer.ts";
import {
  listenTcpLines,
  type TcpLinesOptions,
} from "../../../../collectors/receivers/tcp_lines.ts";
import { systemTimers } from "../../../../collectors/scheduler.ts";
import { systemClock } from "../../../../mod/clock.ts";
import { HorizonError } from "../../../../mod/errors.ts";
import { SourceBook } from "../../../../mod/sources/source_book.ts";
import { until } from "../../../support/until.ts";

const DEADLINE_MS = 10_000;

interface Listening {
  readonly book: SourceBook;
  readonly port: number;
  readonly running: RunningReceiver;
  /** All that was taken so far. */
  taken(): string;
  /** What is thrown instead of taking, while it is not null. */
  failure: Error | null;
}

async function listening(
  options: Partial<TcpLinesOptions>,
  use: (listening: Listening) => Promise<void>,
): Promise<void> {
  const book = new SourceBook("graphite", "tcp", ["metrics"], systemClock);
  let taken = "";
  const state: { failure: Error | null } = { failure: null };
  const running = listenTcpLines({
    hostname: "127.0.0.1",
    port: 0,
    signal: "metrics",
    purpose: "test",
    setting: "receivers.test.tcp",
    consumer: {
      take: (lines) => {
        if (state.failure !== null) return Promise.reject(state.failure);
        taken += new TextDecoder().decode(lines);
        return Promise.resolve();
      },
    },
    book,
    maxConnections: 4,
    clock: systemClock,
    timers: systemTimers,
    ...options,
  });
  const port = Number(running.address.split(":")[1]);
  try {
    await use(Object.assign(state, { book, port, running, taken: () => taken }));
  } finally {
    await running.shutdown(1_000);
  }
}

/** Sends, and hangs up when all was sent. */
async function send(port: number, ...pieces: readonly (string | Uint8Array)[]): Promise<void> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  for (const piece of pieces) {
    const bytes = typeof piece === "string" ? new TextEncoder().encode(piece) : piece;
    for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
  }
  await conn.closeWrite();
  // Until the other side has read all and hung up as well.
  const rest = new Uint8Array(16);
  while (await conn.read(rest).catch(() => null) !== null);
}

Deno.test("listenTcpLines: lines come whole, however they are cut on the way", async () => {
  await listening({}, async ({ port, taken, book }) => {
    await send(port, "first 1\nsec", "ond 2\n", "last without newline");
    assert.equal(taken(), "first 1\nsecond 2\nlast without newline");
    assert.equal(book.status.errors, 0);
  });
});

Deno.test("listenTcpLines: a line that is too long is passed over and counted", async () => {
  await listening({}, async ({ port, taken, book }) => {
    await send(port, "before\n", "x".repeat(200_000), "\nafter\n");
    assert.equal(taken(), "before\nafter\n");
    assert.deepEqual(book.status.signals.metrics?.rejected, { line_too_long: 1 });
  });
});

Deno.test("listenTcpLines: an HTTP request is hung up on, with all that follows", async () => {
  await listening({}, async ({ port, taken, book }) => {
    await send(port, "POST / HTTP/1.1\r\nhost: localhost\r\n\r\nstolen.metric 1 2\n");
    await until("counted", DEADLINE_MS, () => book.status.refused["http_request"] === 1 || null);
    assert.equal(taken(), "");
  });
});

Deno.test("listenTcpLines: connections past the bound are closed and counted", async () => {
  await listening({ maxConnections: 1 }, async ({ port, taken, book }) => {
    const first = await Deno.connect({ hostname: "127.0.0.1", port });
    await first.write(new TextEncoder().encode("first\n"));
    await until("taken", DEADLINE_MS, () => taken() === "first\n" || null);
    await send(port, "second\n").catch(() => undefined);
    await until(
      "refused",
      DEADLINE_MS,
      () => book.status.refused["too_many_connections"] === 1 || null,
    );
    assert.equal(taken(), "first\n");
    first.close();
  });
});

Deno.test("listenTcpLines: without room it pauses, and loses nothing", async () => {
  await listening({}, async (state) => {
    state.failure = new HorizonError("overloaded", "no room", {}, 20);
    const sent = send(state.port, "kept 1\n");
    await until("paused", DEADLINE_MS, () => state.book.status.paused);
    assert.equal(state.taken(), "");
    state.failure = null;
    await sent;
    assert.equal(state.taken(), "kept 1\n");
    const { refused, paused, errors } = state.book.status;
    assert.deepEqual([refused, paused, errors], [{ overloaded: 1 }, null, 1]);
  });
});

Deno.test("listenTcpLines: a failure for good is counted by lines, and the connection lives", async () => {
  await listening({}, async (state) => {
    state.failure = new Error("a bug");
    const conn = await Deno.connect({ hostname: "127.0.0.1", port: state.port });
    await conn.write(new TextEncoder().encode("a\nb\n"));
    const rejected = () => state.book.status.signals.metrics?.rejected["failed"];
    await until("counted", DEADLINE_MS, () => rejected() === 2 || null);
    state.failure = null;
    await conn.write(new TextEncoder().encode("c\n"));
    await until("taken", DEADLINE_MS, () => state.taken() === "c\n" || null);
    conn.close();
  });
});

Deno.test("listenTcpLines: shutdown does not wait for connections that are open", async () => {
  await listening({}, async ({ port, running }) => {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    await running.shutdown(60_000);
    assert.equal(await conn.read(new Uint8Array(1)).catch(() => null), null);
    conn.close();
  });
});

Deno.test("listenTcpLines: an address that is taken is one clear sentence", async () => {
  await listening({}, async ({ port }) => {
    await assert.rejects(
      listening({ port }, () => Promise.resolve()),
      (error: unknown) =>
        error instanceof HorizonError && error.code === "conflict" &&
        error.message.includes("already in use") && error.message.includes("receivers.test.tcp"),
    );
  });
});
