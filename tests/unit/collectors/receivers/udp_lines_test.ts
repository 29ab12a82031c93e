import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { listenUdpLines } from "../../../../collectors/receivers/udp_lines.ts";
import { systemTimers } from "../../../../collectors/scheduler.ts";
import { systemClock } from "../../../../mod/clock.ts";
import { HorizonError } from "../../../../mod/errors.ts";
import { SourceBook } from "../../../../mod/sources/source_book.ts";
import { until } from "../../../support/until.ts";

const DEADLINE_MS = 10_000;

async function listening(
  take: (lines: string, ends: readonly number[]) => Promise<void>,
  use: (send: (datagram: string) => Promise<void>, book: SourceBook) => Promise<void>,
): Promise<void> {
  const book = new SourceBook("statsd", "udp", ["metrics"], systemClock);
  const running = await listenUdpLines({
    hostname: "127.0.0.1",
    port: 0,
    signal: "metrics",
    purpose: "test",
    setting: "receivers.test.udp",
    consumer: { take: (lines, ends = []) => take(new TextDecoder().decode(lines), ends) },
    book,
    timers: systemTimers,
  });
  const socket = createSocket("udp4");
  const port = Number(running.address.split(":")[1]);
  const send = (datagram: string) =>
    new Promise<void>((resolve, reject) =>
      socket.send(datagram, port, "127.0.0.1", (error) => error ? reject(error) : resolve())
    );
  try {
    await use(send, book);
  } finally {
    socket.close();
    await running.shutdown(1_000);
  }
}

Deno.test("listenUdpLines: datagrams become lines, several a batch, and can be told apart", async () => {
  let taken = "";
  const datagrams: string[] = [];
  await listening((lines, ends) => {
    taken += lines;
    ends.forEach((end, i) => datagrams.push(lines.slice(ends[i - 1] ?? 0, end)));
    return Promise.resolve();
  }, async (send, book) => {
    await send("a:1|c\nb:2|c");
    await send("c:3|c\n");
    await until("taken", DEADLINE_MS, () => taken.length === 18 || null);
    assert.equal(taken, "a:1|c\nb:2|c\nc:3|c\n");
    assert.deepEqual(datagrams, ["a:1|c\nb:2|c\n", "c:3|c\n"]);
    assert.equal(book.status.signals.metrics?.requests, 2);
  });
});

Deno.test("listenUdpLines: what finds no room is dropped and counted by lines", async () => {
  await listening(
    () => Promise.reject(new HorizonError("overloaded", "no room", {}, 1_000)),
    async (send, book) => {
      await send("a:1|c\nb:2|c");
      const rejected = () => book.status.signals.metrics?.rejected["overloaded"];
      await until("counted", DEADLINE_MS, () => rejected() === 2 || null);
      assert.deepEqual(book.status.refused, { overloaded: 1 });
    },
  );
});

Deno.test("listenUdpLines: with too many batches under way, memory stays bounded", async () => {
  const stuck = Promise.withResolvers<void>();
  let batches = 0;
  await listening(() => {
    batches++;
    return stuck.promise;
  }, async (send, book) => {
    // Ten megabytes, of which eight batches and the one that waits have room for a quarter.
    const datagram = `${"x".repeat(50_000)}\n`;
    const lost = () => book.status.signals.metrics?.rejected["overloaded"] ?? 0;
    await until("full", DEADLINE_MS, async () => {
      await send(datagram);
      return lost() > 10 || null;
    });
    assert.ok(batches <= 8, String(batches));
    stuck.resolve();
  });
});
