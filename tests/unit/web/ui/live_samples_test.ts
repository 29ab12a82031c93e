import assert from "node:assert/strict";
import { LiveSamples, parseMessage } from "../../../../web/ui/live_samples.js";

type Batch = Extract<ReturnType<typeof parseMessage>, { kind: "batch" }>["batch"];

/** Waits until a list that callbacks fill has so many items. */
class Inbox<T> {
  readonly items: T[] = [];
  #wake: (() => void) | null = null;

  push(item: T): void {
    this.items.push(item);
    this.#wake?.();
  }

  async atLeast(count: number): Promise<T[]> {
    while (this.items.length < count) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    return this.items;
  }
}

/** A real WebSocket server: keeps what it is told, sends on command. */
function streamServer() {
  const told = new Inbox<{ names: string[] }>();
  const sockets = new Inbox<WebSocket>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request, { protocol: "horizon" });
    socket.onopen = () => sockets.push(socket);
    socket.onmessage = ({ data }) => told.push(JSON.parse(data));
    return response;
  });
  return { told, sockets, server, url: `ws://127.0.0.1:${server.addr.port}/api/stream` };
}

function metrics(ts: string, ...names: string[]): string {
  const samples = names.map((name) => ({ name, labels: {}, value: 1 }));
  return JSON.stringify({ type: "metrics", ts, samples });
}

Deno.test("parseMessage: tells samples and refusals from all else", () => {
  assert.deepEqual(parseMessage(metrics("2026-01-01T00:00:00.000000Z", "a")), {
    kind: "batch",
    batch: { timeMs: Date.UTC(2026, 0, 1), samples: [{ name: "a", labels: {}, value: 1 }] },
  });
  assert.deepEqual(parseMessage('{"type":"error","error":{}}'), { kind: "refusal" });
  const others = ['{"type":"dropped","count":3}', metrics("yesterday", "a"), "{}", "5", "null"];
  for (const other of others) assert.deepEqual(parseMessage(other), { kind: "other" }, other);
  assert.throws(() => parseMessage("not json"), SyntaxError);
});

Deno.test("LiveSamples: subscribes to the union, and gives each listener its own", async () => {
  const { told, sockets, server, url } = streamServer();
  const states = new Inbox<string>();
  const live = new LiveSamples({
    openSocket: () => new WebSocket(url, ["horizon"]),
    poll: () => assert.fail("there is a socket"),
    onState: (state) => states.push(state),
    random: () => 0,
  });
  const first = new Inbox<Batch>();
  const second = new Inbox<Batch>();
  const stopFirst = live.subscribe(["a", "b"], (batch) => first.push(batch));
  await told.atLeast(1);
  const stopSecond = live.subscribe(["b", "c"], (batch) => second.push(batch));
  await told.atLeast(2);
  assert.deepEqual(told.items.map(({ names }) => names), [["a", "b"], ["a", "b", "c"]]);

  const [socket] = sockets.items;
  socket?.send("not json");
  socket?.send(metrics("2026-01-01T00:00:00Z", "a", "c"));
  socket?.send(metrics("2026-01-01T00:00:01Z", "a"));
  socket?.send(metrics("2026-01-01T00:00:02Z", "b"));
  await first.atLeast(3);
  await second.atLeast(2);
  assert.deepEqual(
    first.items.map(({ samples }) => samples.map(({ name }) => name)),
    [["a"], ["a"], ["b"]],
  );
  assert.deepEqual(
    second.items.map(({ samples }) => samples.map(({ name }) => name)),
    [["c"], ["b"]],
  );
  assert.equal(live.malformedMessages, 1);

  const closed = new Promise((resolve) => socket?.addEventListener("close", resolve));
  stopFirst();
  stopSecond();
  await closed;
  assert.deepEqual(states.items, ["connecting", "live", "idle"]);
  await server.shutdown();
});

Deno.test("LiveSamples: polls while there is no socket, and returns to the socket", async () => {
  const { told, sockets, server, url } = streamServer();
  const states = new Inbox<string>();
  const batches = new Inbox<Batch>();
  let allowed = true;
  const live = new LiveSamples({
    // Nothing listens on port 9, so this connection is refused at once.
    openSocket: () => new WebSocket(allowed ? url : "ws://127.0.0.1:9/", ["horizon"]),
    poll: (names) =>
      Promise.resolve([{
        timeMs: 5,
        samples: names.map((name) => ({ name, labels: {}, value: 7 })),
      }]),
    onState: (state) => states.push(state),
    random: () => 0,
  });
  const stop = live.subscribe(["a"], (batch) => batches.push(batch));
  await told.atLeast(1);

  allowed = false;
  sockets.items[0]?.send('{"type":"error","error":{"code":"invalid_argument"}}');
  await batches.atLeast(1);
  assert.deepEqual(batches.items[0]?.samples[0]?.value, 7);

  allowed = true;
  await sockets.atLeast(2);
  await told.atLeast(2);
  const seen = await states.atLeast(5);
  assert.deepEqual(seen, ["connecting", "live", "connecting", "polling", "live"]);

  const closed = new Promise((resolve) => sockets.items[1]?.addEventListener("close", resolve));
  stop();
  await closed;
  await server.shutdown();
});

Deno.test("LiveSamples: a poll that fails is not polling, and is tried again", async () => {
  const states = new Inbox<string>();
  const polls = new Inbox<number>();
  const live = new LiveSamples({
    openSocket: () => new WebSocket("ws://127.0.0.1:9/"),
    poll: () => {
      polls.push(1);
      return Promise.reject(new Error("unreachable"));
    },
    onState: (state) => states.push(state),
    random: () => 1,
  });
  const stop = live.subscribe(["a"], () => assert.fail("there are no samples"));
  await polls.atLeast(2);
  stop();
  assert.deepEqual(states.items, ["connecting", "idle"]);
});
