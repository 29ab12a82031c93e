import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createSocket } from "node:dgram";
import { gzipSync } from "node:zlib";
import * as grpc from "@grpc/grpc-js";
import { damaged } from "../support/damaged.ts";
import { lokiPush } from "../support/loki_push.ts";
import { mulberry32 } from "../support/mulberry32.ts";
import { encodeV1, encodeV2 } from "../support/remote_write_encoder.ts";
import { type RunningHorizon, withHorizon } from "../support/running_horizon.ts";
import { snappyBlock } from "../support/snappy_block.ts";
import { PATIENCE_MS, until } from "../support/until.ts";
import { encodeRequest, jsonRequest, keyValues } from "../unit/mod/otlp/reference_encoder.ts";

const SEED = 20_261_126;
/** Bad messages that each port gets. */
const MESSAGES = 200;
/** Records or errors that a port must have counted of them: some lines run together. */
const LEAST_RECORDS = MESSAGES / 2;
/** Requests of one port that are under way at a time. */
const AT_A_TIME = 8;
/** Bad connections that each listener of HTTP gets. */
const CONNECTIONS = 160;
/** Targets that are scraped; each answers a bad page every `SCRAPE_INTERVAL`. */
const TARGETS = 40;
const SCRAPE_INTERVAL = "250ms";

type Bytes = Uint8Array<ArrayBuffer>;
type Table = "spans" | "metrics" | "logs";

/** Sends one message; whether it was answered as taken. What cannot tell answers null. */
type Send = (message: Bytes) => Promise<boolean | null>;

/** What the ports of one Horizon need besides its addresses. */
interface Setting {
  readonly horizon: RunningHorizon;
  readonly stdin: WritableStreamDefaultWriter<Uint8Array>;
  readonly logFile: string;
  readonly grpcClient: grpc.Client;
  /** Serves this page at the next scrape of any target; resolves when it was fetched. */
  readonly serve: (page: Bytes) => Promise<void>;
}

/** A port that takes input, and what a good message to it looks like. */
interface Port {
  readonly what: string;
  /** Its source in `/api/ingest`: the kind, or the kind and how the name begins. */
  readonly source: string;
  /** Where a good message is found, and by which name. */
  readonly table: Table;
  readonly message: (name: string) => Uint8Array;
  /** Put around a message, good or bad; now and then what it makes is damaged, too. */
  readonly wrap?: (message: Bytes) => Bytes;
  readonly send: (setting: Setting) => Send;
}

const text = (line: string): Bytes => new TextEncoder().encode(line);
const zip = (bytes: Uint8Array): Bytes => Uint8Array.from(gzipSync(bytes));
const nowNs = (): string => `${BigInt(Date.now()) * 1_000_000n}`;
const nowSeconds = (): number => Math.floor(Date.now() / 1000);

const resource = { attributes: keyValues({ "service.name": "shop", "host.name": "h" }) };
const traces = (name: string) => ({
  resourceSpans: [{
    resource,
    scopeSpans: [{
      scope: { name: "scope" },
      spans: [{
        traceId: Uint8Array.from({ length: 16 }, (_, i) => i + 1),
        spanId: Uint8Array.from({ length: 8 }, (_, i) => i + 1),
        name,
        startTimeUnixNano: nowNs(),
        endTimeUnixNano: nowNs(),
        attributes: keyValues({ "http.route": "/a", n: 5n, f: 1.5, b: true }),
        events: [{ timeUnixNano: nowNs(), name: "event", attributes: keyValues({ a: "b" }) }],
        links: [{ traceId: new Uint8Array(16).fill(7), spanId: new Uint8Array(8).fill(7) }],
        status: { code: 2, message: "bad" },
      }],
    }],
  }],
});
const metrics = (name: string) => {
  const point = { timeUnixNano: nowNs(), attributes: keyValues({ a: "b" }) };
  const of = (kind: string, data: unknown) => ({ name, unit: "1", [kind]: data });
  return {
    resourceMetrics: [{
      resource,
      scopeMetrics: [{
        metrics: [
          of("gauge", { dataPoints: [{ ...point, asDouble: 1.5 }] }),
          {
            ...of("histogram", {
              aggregationTemporality: 2,
              dataPoints: [{
                ...point,
                count: 3,
                sum: 4.5,
                bucketCounts: [1, 1, 1],
                explicitBounds: [1, 2],
              }],
            }),
            name: "spread",
          },
          {
            ...of("exponentialHistogram", {
              aggregationTemporality: 2,
              dataPoints: [{
                ...point,
                count: 3,
                sum: 4.5,
                scale: 2,
                zeroCount: 1,
                positive: { offset: -1, bucketCounts: [1, 1] },
              }],
            }),
            name: "exponential",
          },
          {
            ...of("summary", {
              dataPoints: [{
                ...point,
                count: 3,
                sum: 4.5,
                quantileValues: [{ quantile: 0.5, value: 1 }],
              }],
            }),
            name: "summed",
          },
        ],
      }],
    }],
  };
};
const logs = (name: string) => ({
  resourceLogs: [{
    resource,
    scopeLogs: [{
      logRecords: [{
        timeUnixNano: nowNs(),
        severityNumber: 9,
        severityText: "INFO",
        body: { stringValue: name },
        attributes: keyValues({ a: "b" }),
        traceId: new Uint8Array(16).fill(3),
        spanId: new Uint8Array(8).fill(3),
      }],
    }],
  }],
});
const SIGNALS = { traces, metrics, logs };
const TABLES = { traces: "spans", metrics: "metrics", logs: "logs" } as const;
type Signal = keyof typeof SIGNALS;

/** Posts to a path of the main listener. */
function post(path: string, headers: Readonly<Record<string, string>>) {
  return ({ horizon }: Setting): Send => async (body) => {
    const answer = await fetch(`${horizon.url}${path}`, { method: "POST", headers, body });
    const told = await answer.text();
    assert.ok(answer.ok || answer.status < 500, `${path}: ${answer.status} ${told}`);
    return answer.ok;
  };
}

function portOf(horizon: RunningHorizon, listener: string): number {
  const port = Number(horizon.addresses[listener]?.split(":")[1]);
  assert.ok(port > 0, `${listener} is open`);
  return port;
}

/** A connection for each message, which it ends with. */
function tcp(listener: string) {
  return ({ horizon }: Setting): Send => async (message) => {
    using connection = await Deno.connect({
      hostname: "127.0.0.1",
      port: portOf(horizon, listener),
    });
    try {
      for (let at = 0; at < message.length;) {
        at += await connection.write(message.subarray(at));
      }
      await connection.closeWrite();
      const answer = new Uint8Array(4096);
      while (await connection.read(answer) !== null) { /* Until it is done with it. */ }
    } catch {
      // It may hang up on what is not for it.
    }
    return null;
  };
}

function udp(listener: string) {
  return ({ horizon }: Setting): Send => async (message) => {
    const socket = createSocket("udp4");
    await new Promise<void>((resolve, reject) =>
      socket.send(
        message,
        portOf(horizon, listener),
        "127.0.0.1",
        (error) => error ? reject(error) : resolve(),
      )
    );
    socket.close();
    return null;
  };
}

const GRPC_SERVICES: Readonly<Record<Signal, string>> = {
  traces: "trace.v1.TraceService",
  metrics: "metrics.v1.MetricsService",
  logs: "logs.v1.LogsService",
};

/** Messages in frames as they should be, whatever is in them. */
function grpcCall(signal: Signal) {
  const method = `/opentelemetry.proto.collector.${GRPC_SERVICES[signal]}/Export`;
  return ({ grpcClient }: Setting): Send => (message) =>
    new Promise((resolve, reject) => {
      grpcClient.makeUnaryRequest(
        method,
        (bytes: Bytes) => Buffer.from(bytes),
        (bytes: Buffer) => bytes,
        message,
        (error) => {
          if (error === null || error.code === grpc.status.INVALID_ARGUMENT) {
            resolve(error === null);
          } else reject(error);
        },
      );
    });
}

function otlpPorts(): Port[] {
  const all: Port[] = [];
  for (const signal of ["traces", "metrics", "logs"] as const) {
    const table = TABLES[signal];
    const protobuf = (name: string) => encodeRequest(signal, SIGNALS[signal](name));
    const json = (name: string) => jsonRequest(SIGNALS[signal](name));
    const path = `/v1/${signal}`;
    const type = { "content-type": "application/x-protobuf" };
    const jsonType = { "content-type": "application/json" };
    const gzip = { "content-encoding": "gzip" };
    const port = { source: "otlp_http", table };
    all.push(
      { ...port, what: `${path} protobuf`, message: protobuf, send: post(path, type) },
      { ...port, what: `${path} JSON`, message: json, send: post(path, jsonType) },
      {
        ...port,
        what: `${path} protobuf, gzip`,
        message: protobuf,
        wrap: zip,
        send: post(path, { ...type, ...gzip }),
      },
      {
        ...port,
        what: `${path} JSON, gzip`,
        message: json,
        wrap: zip,
        send: post(path, { ...jsonType, ...gzip }),
      },
      {
        what: `gRPC ${signal}`,
        source: "otlp_grpc",
        table,
        message: protobuf,
        send: grpcCall(signal),
      },
    );
  }
  return all;
}

const series = (name: string) => [{
  labels: { __name__: name, job: "j", instance: "i" },
  samples: [{ value: 1.5, timestamp: Date.now() }],
  exemplars: [{
    labels: [{ name: "trace_id", value: "ab".repeat(16) }],
    value: 1.5,
    timestamp: Date.now(),
  }],
}];
const V2 = { "content-type": "application/x-protobuf;proto=io.prometheus.write.v2.Request" };
const REMOTE_WRITE = "/prometheus/api/v1/write";
const LOKI = "/loki/api/v1/push";
const protobufLoki = (name: string) =>
  lokiPush('{service_name="shop"}', [{ ns: BigInt(nowNs()), line: name, metadata: { a: "b" } }]);
const jsonLoki = (name: string) =>
  text(JSON.stringify({ streams: [{ stream: { service: "s" }, values: [[nowNs(), name]] }] }));
const influxLine = (name: string) => text(`${name},host=a value=0.25 ${nowNs()}`);
const graphiteLine = (name: string) => text(`${name};dc=eu 1.5 ${nowSeconds()}`);
const statsdLine = (name: string) => text(`${name}:1|c|@0.5|#env:prod`);
const syslogLine = (name: string) =>
  text(`<13>1 ${new Date().toISOString()} host app 7 - [x@1 a="b"] ${name}`);
const jsonLine = (name: string) =>
  text(`{"level":"info","ts":${Date.now()},"msg":"${name}","trace_id":"${"ab".repeat(16)}"}\n`);
const page = (name: string) =>
  text(`# HELP ${name} Help.\n# TYPE ${name} gauge\n${name}{a="b",c="\\n"} 1.5 ${Date.now()}\n`);

/** Every port there is. A new receiver adds a row. */
const PORTS: readonly Port[] = [
  ...otlpPorts(),
  {
    what: "remote write 1.0",
    source: "remote_write",
    table: "metrics",
    message: (name) => encodeV1(series(name)),
    wrap: snappyBlock,
    send: post(REMOTE_WRITE, { "content-type": "application/x-protobuf" }),
  },
  {
    what: "remote write 2.0",
    source: "remote_write",
    table: "metrics",
    message: (name) => encodeV2(series(name)),
    wrap: snappyBlock,
    send: post(REMOTE_WRITE, V2),
  },
  {
    what: "Loki push, JSON",
    source: "loki",
    table: "logs",
    message: jsonLoki,
    send: post(LOKI, { "content-type": "application/json" }),
  },
  {
    what: "Loki push, protobuf",
    source: "loki",
    table: "logs",
    message: protobufLoki,
    wrap: snappyBlock,
    send: post(LOKI, { "content-type": "application/x-protobuf" }),
  },
  {
    what: "InfluxDB over HTTP",
    source: "influx /influx",
    table: "metrics",
    message: influxLine,
    send: post("/influx/api/v2/write?org=o&bucket=b", {}),
  },
  {
    what: "InfluxDB over HTTP, gzip",
    source: "influx /influx",
    table: "metrics",
    message: influxLine,
    wrap: zip,
    send: post("/influx/write?db=x", { "content-encoding": "gzip" }),
  },
  {
    what: "InfluxDB over UDP",
    source: "influx udp",
    table: "metrics",
    message: influxLine,
    send: udp("influx_udp"),
  },
  {
    what: "Graphite over TCP",
    source: "graphite tcp",
    table: "metrics",
    message: graphiteLine,
    send: tcp("graphite_tcp"),
  },
  {
    what: "Graphite over UDP",
    source: "graphite udp",
    table: "metrics",
    message: graphiteLine,
    send: udp("graphite_udp"),
  },
  {
    what: "StatsD over TCP",
    source: "statsd tcp",
    table: "metrics",
    message: statsdLine,
    send: tcp("statsd_tcp"),
  },
  {
    what: "StatsD over UDP",
    source: "statsd udp",
    table: "metrics",
    message: statsdLine,
    send: udp("statsd_udp"),
  },
  {
    what: "syslog over TCP",
    source: "syslog tcp",
    table: "logs",
    message: syslogLine,
    send: tcp("syslog_tcp"),
  },
  {
    what: "syslog over UDP",
    source: "syslog udp",
    table: "logs",
    message: syslogLine,
    send: udp("syslog_udp"),
  },
  {
    what: "a scraped target",
    source: "scrape",
    table: "metrics",
    message: page,
    send: ({ serve }) => async (message) => {
      await serve(message);
      return null;
    },
  },
  {
    what: "a log file",
    source: "file",
    table: "logs",
    message: jsonLine,
    send: ({ logFile }) => async (message) => {
      await Deno.writeFile(logFile, message, { append: true });
      return null;
    },
  },
  {
    what: "standard input",
    source: "stdin",
    table: "logs",
    message: jsonLine,
    send: ({ stdin }) => async (message) => {
      await stdin.write(message);
      return null;
    },
  },
];

const settingsFrame = Uint8Array.of(0, 0, 0, 4, 0, 0, 0, 0, 0);
const headersFrame = Uint8Array.of(0, 0, 4, 1, 4, 0, 0, 0, 1, 0x83, 0x86, 0x84, 0x41);

/** Listeners of HTTP, and how a connection to each begins. */
const LISTENERS: readonly (readonly [string, Uint8Array])[] = [
  [
    "otlp_grpc",
    Uint8Array.from([
      ...text("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
      ...settingsFrame,
      ...headersFrame,
    ]),
  ],
  ...["http", "otlp_http"].map((listener) =>
    [
      listener,
      text(
        "POST /v1/logs HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n" +
          "content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
      ),
    ] as const
  ),
];

/** What a source's books say, signals together. */
interface Counted {
  readonly requests: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly refused: number;
  readonly errors: number;
}

interface SourceJson {
  readonly kind: string;
  readonly name: string;
  readonly signals: Readonly<
    Record<string, { requests: number; accepted: number; rejected: Record<string, number> }>
  >;
  readonly refused: Readonly<Record<string, number>>;
  readonly errors: number;
}

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((all, count) => all + count, 0);

async function counted({ url }: RunningHorizon, source: string): Promise<Counted> {
  const { sources }: { sources: SourceJson[] } = await (await fetch(`${url}/api/ingest`)).json();
  const all = { requests: 0, accepted: 0, rejected: 0, refused: 0, errors: 0 };
  for (const { kind, name, signals, refused, errors } of sources) {
    if (!`${kind} ${name}`.startsWith(source)) continue;
    all.refused += sum(refused);
    all.errors += errors;
    for (const { requests, accepted, rejected } of Object.values(signals)) {
      all.requests += requests;
      all.accepted += accepted;
      all.rejected += sum(rejected);
    }
  }
  return all;
}

/** A page for scrapes: what is queued first, then a good one without samples. */
class Pages {
  readonly #queue: { readonly page: Bytes; readonly fetched: () => void }[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor() {
    const options = { port: 0, hostname: "127.0.0.1", onListen: () => undefined };
    this.#server = Deno.serve(options, () => {
      const next = this.#queue.shift();
      next?.fetched();
      return new Response(next?.page ?? "", {
        headers: { "content-type": "text/plain; version=0.0.4" },
      });
    });
  }

  get address(): string {
    return `127.0.0.1:${this.#server.addr.port}`;
  }

  readonly serve = (page: Bytes): Promise<void> =>
    new Promise((fetched) => this.#queue.push({ page, fetched }));

  close(): Promise<void> {
    return this.#server.shutdown();
  }
}

function configOf(folder: string, target: string): string {
  const jobs = Array.from({ length: TARGETS }, (_, i) => ({
    name: `bad-${i}`,
    targets: [target],
    path: `/${i}`,
    interval: SCRAPE_INTERVAL,
  }));
  return JSON.stringify({
    receivers: {
      graphite: { tcp: "127.0.0.1:0", udp: "127.0.0.1:0" },
      statsd: { tcp: "127.0.0.1:0", udp: "127.0.0.1:0", flush_interval: "200ms" },
      influx: { udp: "127.0.0.1:0" },
      syslog: { tcp: "127.0.0.1:0", udp: "127.0.0.1:0" },
    },
    logs: { stdin: true, files: [{ paths: [`${folder}/app.log`], start_at: "beginning" }] },
    scrape: { jobs },
    collectors: { host: { enabled: false }, processes: { enabled: false } },
  });
}

/** Damages the message, what is put around it, or both. */
function badMessage({ message, wrap }: Port, i: number, random: () => number): Bytes {
  const good = message("fuzzed");
  if (wrap === undefined) return damaged(good, random);
  const kind = i % 3;
  if (kind === 0) return wrap(damaged(good, random));
  return damaged(kind === 1 ? wrap(Uint8Array.from(good)) : good, random);
}

/** Throws bad messages at a port; how many it answered with a refusal. */
async function attack(port: Port, setting: Setting, random: () => number): Promise<number> {
  const send = port.send(setting);
  let refused = 0;
  for (let i = 0; i < MESSAGES; i += AT_A_TIME) {
    const batch = Array.from({ length: AT_A_TIME }, (_, k) => badMessage(port, i + k, random));
    const answers = await Promise.all(batch.map(send));
    refused += answers.filter((taken) => taken === false).length;
  }
  return refused;
}

/** Sends a good message until it is found; a datagram may be lost, and a line be half of another. */
async function takesGood(port: Port, setting: Setting, name: string): Promise<void> {
  const send = port.send(setting);
  const column = port.table === "logs" ? "body" : "name";
  const lineEnd = text("\n");
  await until(`${port.what} takes a good message`, PATIENCE_MS, async () => {
    const message = Uint8Array.from(port.message(name));
    if (port.source === "file" || port.source === "stdin") await send(lineEnd);
    const taken = await send(port.wrap?.(message) ?? message);
    assert.notEqual(taken, false, port.what);
    const [[count] = []] = await setting.horizon.sql(
      `SELECT count(*) FROM ${port.table} WHERE ${column} = ?`,
      [name],
    );
    return Number(count) > 0 ? true : null;
  });
}

/** Opens connections that begin well, and not quite, and not at all. */
async function attackListener(
  setting: Setting,
  listener: string,
  beginning: Uint8Array,
): Promise<void> {
  const random = mulberry32(SEED);
  const send = tcp(listener)(setting);
  for (let i = 0; i < CONNECTIONS; i += AT_A_TIME) {
    const batch = Array.from({ length: AT_A_TIME }, () => damaged(beginning, random));
    await Promise.all(batch.map(send));
  }
}

Deno.test("malformed input at every port: it lives, takes what is good, and has counted the rest", async () => {
  const folder = await Deno.makeTempDir();
  const pages = new Pages();
  const config = `${folder}/horizon.yaml`;
  await Deno.writeTextFile(config, configOf(folder, pages.address));
  await withHorizon(async (horizon) => {
    assert.ok(horizon.stdin !== null);
    const setting: Setting = {
      horizon,
      stdin: horizon.stdin.getWriter(),
      logFile: `${folder}/app.log`,
      grpcClient: new grpc.Client(
        horizon.addresses["otlp_grpc"] ?? "",
        grpc.credentials.createInsecure(),
      ),
      serve: pages.serve,
    };
    const refused = new Map<string, number>();
    await Promise.all(PORTS.map(async (port, i) => {
      const count = await attack(port, setting, mulberry32(SEED + i));
      refused.set(port.source, (refused.get(port.source) ?? 0) + count);
    }));
    for (const [source, answered] of refused) {
      const books = await until(`${source} has counted it`, PATIENCE_MS, async () => {
        const now = await counted(horizon, source);
        return now.accepted + now.rejected >= LEAST_RECORDS || now.errors >= LEAST_RECORDS
          ? now
          : null;
      });
      assert.ok(books.errors >= answered, `${source}: ${answered} refused, ${books.errors} errors`);
      assert.ok(books.errors >= books.refused, source);
    }
    const { refused: before } = await counted(horizon, "otlp_grpc");
    for (const [listener, beginning] of LISTENERS) {
      await attackListener(setting, listener, beginning);
    }
    await until("connections without gRPC are counted", PATIENCE_MS, async () => {
      const { refused } = await counted(horizon, "otlp_grpc");
      return refused >= before + CONNECTIONS / 8 ? true : null;
    });
    await Promise.all(PORTS.map((port, i) => takesGood(port, setting, `alive_${i}`)));
    setting.grpcClient.close();
    await setting.stdin.close();
    assert.equal(await horizon.stop(), 0);
  }, { args: ["--config", config, "--otlp-grpc", "127.0.0.1:0"], stdin: "piped" });
  await pages.close();
  await Deno.remove(folder, { recursive: true });
});
