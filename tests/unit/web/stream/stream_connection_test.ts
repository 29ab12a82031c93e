import assert from "node:assert/strict";
import { Registries } from "../../../../mod/intern/registries.ts";
import { RowFeed } from "../../../../mod/live/row_feed.ts";
import { LogBatchBuilder } from "../../../../mod/signals/logs.ts";
import { pushLog } from "../../../support/store_fixture.ts";
import { SeriesRegistry } from "../../../../mod/intern/series_registry.ts";
import { StreamConnection, type StreamSocket } from "../../../../web/stream/stream_connection.ts";
import { MetricsFrames } from "../../../../web/stream/stream_frames.ts";
import { ManualClock } from "../fake_web.ts";

const LIMITS = { maxSeries: 100, maxSeriesPerMetric: 100 };
const TS_US = 1_700_000_000_000_000;

class FakeSocket implements StreamSocket {
  bufferedAmount = 0;
  readyState: StreamSocket["readyState"] = WebSocket.OPEN;
  readonly sent: { type: string; [key: string]: unknown }[] = [];
  readonly closed: (number | undefined)[] = [];

  send(data: string): void {
    this.sent.push(JSON.parse(data));
  }

  close(code?: number): void {
    this.closed.push(code);
  }
}

function connect(): {
  socket: FakeSocket;
  clock: ManualClock;
  connection: StreamConnection;
  live: RowFeed;
  push(name: string, labels: [string, string][], value: number): void;
} {
  const socket = new FakeSocket();
  const clock = new ManualClock();
  const live = new RowFeed({
    names: new Registries(LIMITS),
    onListenerError: (error) => assert.fail(String(error)),
  });
  const series = new SeriesRegistry({ maxSeries: 100, maxSeriesPerMetric: 100 });
  const connection = new StreamConnection(
    socket,
    new MetricsFrames(),
    {
      maxBufferedBytes: 100,
      maxMessages: 5,
      messageWindowMs: 1_000,
    },
    clock,
    live,
  );
  return {
    socket,
    clock,
    connection,
    live,
    push: (name, labels, value) => {
      const definition = series.get(series.resolve(name, "gauge", "", labels, ""));
      assert.ok(definition !== undefined);
      connection.push(TS_US, [{ definition, value }]);
    },
  };
}

const subscribe = (names: string[], more = {}): string =>
  JSON.stringify({ subscribe: "metrics", names, ...more });

Deno.test("StreamConnection: pushes what was subscribed to, and nothing before", () => {
  const { socket, connection, push } = connect();
  push("cpu", [], 1);
  connection.receive(subscribe(["cpu"]));
  push("cpu", [["mode", "user"]], 2);
  push("mem", [], 3);
  push("cpu", [], NaN);
  assert.deepEqual(socket.sent, [
    { type: "subscribed", subscribe: "metrics", names: ["cpu"] },
    {
      type: "metrics",
      ts: "2023-11-14T22:13:20.000000Z",
      samples: [{ name: "cpu", labels: { mode: "user" }, value: 2 }],
    },
    {
      type: "metrics",
      ts: "2023-11-14T22:13:20.000000Z",
      samples: [{ name: "cpu", labels: {}, value: null }],
    },
  ]);
  connection.receive('{"unsubscribe":"metrics"}');
  push("cpu", [], 4);
  assert.equal(socket.sent.at(-1)?.type, "unsubscribed");
});

Deno.test("StreamConnection: filters by labels; the newest subscription holds", () => {
  const { socket, connection, push } = connect();
  connection.receive(subscribe(["cpu"], { labels: { pid: "1" } }));
  push("cpu", [["pid", "2"]], 1);
  push("cpu", [["pid", "1"], ["x", "y"]], 1);
  assert.equal(socket.sent.length, 2);
  connection.receive(subscribe(["mem"]));
  push("cpu", [["pid", "1"]], 1);
  assert.equal(socket.sent.length, 3);
});

Deno.test("StreamConnection: a bad message is answered, and the subscription stays", () => {
  const bad: unknown[] = [
    "{",
    "1",
    "null",
    '{"subscribe":"processes","names":["x"]}',
    subscribe([""]),
    subscribe(Array.from({ length: 65 }, (_, i) => `m${i}`)),
    subscribe(["a"], { labels: Object.fromEntries(Array.from({ length: 9 }, (_, i) => [i, "x"])) }),
    subscribe(["a"], { what: 1 }),
    subscribe(["x".repeat(20_000)]),
    new ArrayBuffer(3),
  ];
  for (const message of bad) {
    const { socket, connection, push } = connect();
    connection.receive(subscribe(["cpu"]));
    connection.receive(message);
    assert.equal(socket.sent.at(-1)?.type, "error", String(message).slice(0, 40));
    push("cpu", [], 1);
    assert.equal(socket.sent.at(-1)?.type, "metrics");
    assert.deepEqual(socket.closed, []);
  }
});

Deno.test("StreamConnection: drops frames while the socket is full, and tells how many", () => {
  const { socket, connection, push } = connect();
  connection.receive(subscribe(["cpu"]));
  socket.bufferedAmount = 101;
  for (let i = 0; i < 3; i++) push("cpu", [], i);
  assert.equal(socket.sent.length, 1);
  socket.bufferedAmount = 0;
  push("cpu", [], 4);
  assert.deepEqual(socket.sent.slice(1).map(({ type, count }) => [type, count]), [
    ["dropped", 3],
    ["metrics", undefined],
  ]);
  assert.equal(connection.droppedFrames, 3);
  assert.equal(connection.sentFrames, 2);
});

Deno.test("StreamConnection: too many messages end the connection", () => {
  const { socket, clock, connection } = connect();
  for (let i = 0; i < 5; i++) connection.receive("{");
  assert.deepEqual(socket.closed, []);
  clock.ms += 1_000;
  for (let i = 0; i < 6; i++) connection.receive("{");
  assert.deepEqual(socket.closed, [1008]);
});

Deno.test("StreamConnection: sends nothing to a socket that is closing", () => {
  const { socket, connection, push } = connect();
  connection.receive(subscribe(["cpu"]));
  socket.readyState = WebSocket.CLOSING;
  push("cpu", [], 1);
  assert.equal(socket.sent.length, 1);
});

/** A batch of log records with these bodies. */
function logsOf(...bodies: string[]) {
  const logs = new LogBatchBuilder();
  for (const body of bodies) pushLog(logs, new Registries(LIMITS), { tsUs: TS_US, body });
  return logs.finish();
}

Deno.test("StreamConnection: follows rows beside samples, a channel each", () => {
  const { socket, connection, live, push } = connect();
  connection.receive(subscribe(["cpu"]));
  connection.receive(JSON.stringify({ subscribe: "logs", text: "Err", min_severity: "info" }));
  live.offer([logsOf("an error", "fine")]);
  push("cpu", [], 1);
  assert.deepEqual(socket.sent.map(({ type }) => type), [
    "subscribed",
    "subscribed",
    "logs",
    "metrics",
  ]);
  const rows = socket.sent[2]?.["rows"];
  assert.ok(Array.isArray(rows));
  assert.deepEqual(rows.map(({ ts, body }) => [ts, body]), [
    ["2023-11-14T22:13:20.000000Z", "an error"],
  ]);
  connection.receive(JSON.stringify({ unsubscribe: "logs" }));
  live.offer([logsOf("an error")]);
  assert.equal(socket.sent.length, 5);
  assert.deepEqual(socket.sent[4], { type: "unsubscribed", unsubscribe: "logs" });
});

Deno.test("StreamConnection: a new subscription to a channel replaces the one before; closing ends all", () => {
  const { connection, live } = connect();
  for (const text of ["a", "b"]) connection.receive(JSON.stringify({ subscribe: "logs", text }));
  connection.receive(JSON.stringify({ subscribe: "spans", status: "error" }));
  assert.equal(live.stats.subscriptions, 2);
  connection.close();
  assert.equal(live.stats.subscriptions, 0);
});

Deno.test("StreamConnection: rows that do not fit into a frame are told, the newest stay", () => {
  const { socket, connection, live } = connect();
  connection.receive(JSON.stringify({ subscribe: "logs" }));
  live.offer([logsOf("old".padEnd(200_000, "."), "new".padEnd(200_000, "."))]);
  const [, frame] = socket.sent;
  const rows = frame?.["rows"];
  assert.ok(Array.isArray(rows));
  assert.deepEqual([rows.length, rows[0].body.slice(0, 3), frame?.["left_out"]], [1, "new", 1]);
});

Deno.test("StreamConnection: what a channel does not know is an error that says what is wrong", () => {
  const { socket, connection, live } = connect();
  for (
    const message of [
      { subscribe: "logs", status: "error" },
      { subscribe: "logs", min_severity: "loud" },
      { subscribe: "spans", trace_id: "XYZ" },
      { subscribe: "processes" },
    ]
  ) connection.receive(JSON.stringify(message));
  assert.deepEqual(socket.sent.map(({ type }) => type), ["error", "error", "error", "error"]);
  assert.equal(live.stats.subscriptions, 0);
});
