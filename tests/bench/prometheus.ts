import process from "node:process";
import { systemClock } from "../../mod/clock.ts";
import { unsnappy } from "../../mod/compress/snappy.ts";
import { Intake } from "../../mod/intake/intake.ts";
import { SampleWriter } from "../../mod/intake/sample_writer.ts";
import { Registries } from "../../mod/intern/registries.ts";
import { DEFAULT_OTLP_LIMITS } from "../../mod/otlp/limits.ts";
import { MetricFamilies } from "../../mod/prometheus/metric_families.ts";
import { RemoteWriteReceiver, type RemoteWriteVersion } from "../../mod/prometheus/remote_write.ts";
import { ScrapeDecoder } from "../../mod/prometheus/scrape_decoder.ts";
import { encodeV1, encodeV2, type SeriesSketch } from "../support/remote_write_encoder.ts";
import { snappyBlock } from "../support/snappy_block.ts";
import type { Part } from "./part.ts";
import type { Figure } from "./report.ts";

const SERIES = 10_000;
/** What Prometheus sends at a time, unless told otherwise. */
const SERIES_PER_REQUEST = 2_000;
const ROUNDS = 5;
const MAX_BODY_BYTES = 64 * 1024 * 1024;

/**
 * Samples from Prometheus' formats into columns, snappy included, by second of processor time,
 * without a store.
 */
export const PROMETHEUS_DECODE: Part = {
  figures: [
    "remote_write_1_samples_per_second",
    "remote_write_2_samples_per_second",
    "scrape_samples_per_second",
  ],
  run: async ({ seconds, quick }): Promise<Figure[]> => {
    const forMs = Math.min(seconds, quick ? 1 : 10) * 1_000;
    return [
      await remoteWrite(1, forMs),
      await remoteWrite(2, forMs),
      await scrape(forMs),
    ];
  },
};

/** A writer before a store that keeps nothing. */
function unkept() {
  const registries = new Registries({ maxSeries: 100_000, maxSeriesPerMetric: 100_000 });
  const store = { append: () => Promise.resolve() };
  const limits = { maxPendingBytes: 1 << 30, flushIntervalMs: 1_000, maxBatchRows: 65_536 };
  const intake = new Intake(store, registries, limits, systemClock);
  const writer = new SampleWriter({
    intake,
    registries,
    clock: systemClock,
    limits: DEFAULT_OTLP_LIMITS,
  });
  return { registries, intake, writer };
}

function labelsOf(series: number): Record<string, string> {
  return {
    __name__: `http_requests_${series % 20}_total`,
    code: String(200 + series % 5),
    handler: `/api/v1/resource/${Math.floor(series / 100)}`,
    instance: `10.0.0.${series % 100}:9100`,
    job: "service",
  };
}

async function remoteWrite(version: RemoteWriteVersion, forMs: number): Promise<Figure> {
  const { registries, intake, writer } = unkept();
  const receiver = new RemoteWriteReceiver({ writer, series: registries.series, salt: 1 });
  const nowMs = Date.now();
  const bodies = Array.from({ length: ROUNDS }, (_, round) => round).flatMap((round) =>
    Array.from({ length: SERIES / SERIES_PER_REQUEST }, (_, request) => {
      // The first round is the newest, so that none of the others is taken for sent again.
      const timestamp = nowMs - round * 1_000;
      const series = Array.from({ length: SERIES_PER_REQUEST }, (_, i): SeriesSketch => ({
        labels: labelsOf(request * SERIES_PER_REQUEST + i),
        samples: [{ value: round * 1_000 + i, timestamp }],
        type: 1,
      }));
      return snappyBlock(version === 1 ? encodeV1(series) : encodeV2(series));
    })
  );
  const send = (body: Uint8Array) => receiver.receive(version, unsnappy(body, MAX_BODY_BYTES));
  const first = SERIES / SERIES_PER_REQUEST;
  await settled(intake, bodies.map(send));
  const repeatable = bodies.slice(first);
  const perSecond = await rate(
    forMs,
    SERIES_PER_REQUEST,
    intake,
    (turn) => send(repeatable[turn % repeatable.length]!),
  );
  return figure(
    `remote_write_${version}_samples_per_second`,
    perSecond,
    "5 labels, 2,000 a request",
  );
}

async function scrape(forMs: number): Promise<Figure> {
  const { registries, intake, writer } = unkept();
  const decoder = new ScrapeDecoder({
    targetLabels: new Map([["job", "service"], ["instance", "10.0.0.1:9100"]]),
    honorLabels: false,
    honorTimestamps: true,
    metricRelabel: [],
    limits: { samples: SERIES, labels: 64, labelName: 256, labelValue: 2_048 },
    families: new MetricFamilies(registries.series),
    salt: 1,
  });
  const body = new TextEncoder().encode(exposition());
  const nowUs = Date.now() * 1_000;
  const read = (turn: number) =>
    writer.write({
      bytes: body.length,
      push: (rows) => decoder.decode(body, "text", nowUs - turn, rows),
    });
  await settled(intake, [read(0), read(0)]);
  const perSecond = await rate(forMs, SERIES, intake, read);
  return figure("scrape_samples_per_second", perSecond, "text format, 3 labels, 10,000 a scrape");
}

function exposition(): string {
  const families = Array.from({ length: 20 }, (_, family) => {
    const name = `http_requests_${family}_total`;
    const lines = Array.from(
      { length: SERIES / 20 },
      (_, i) =>
        `${name}{code="${200 + i % 5}",handler="/api/v1/resource/${i}",method="GET"} ${
          i * 13.25
        }\n`,
    );
    return `# HELP ${name} Requests.\n# TYPE ${name} counter\n${lines.join("")}`;
  });
  return families.join("");
}

/**
 * Samples a second of processor time, all threads of this process together: what else runs on the
 * machine counts less than by the clock on the wall.
 */
async function rate(
  forMs: number,
  samples: number,
  intake: Intake,
  turn: (turn: number) => Promise<unknown>,
): Promise<number> {
  let turns = 0;
  const startedMs = performance.now();
  const before = process.cpuUsage();
  while (performance.now() - startedMs < forMs) {
    const open: Promise<unknown>[] = [];
    for (let i = 0; i < 20; i++) open.push(turn(turns++));
    await settled(intake, open);
  }
  const { user, system } = process.cpuUsage(before);
  return turns * samples / ((user + system) / 1_000_000);
}

async function settled(intake: Intake, open: readonly Promise<unknown>[]): Promise<void> {
  await intake.drain();
  await Promise.all(open);
}

function figure(name: string, value: number, note: string): Figure {
  return { name, unit: "1/s of a core", value, target: 1_500_000, better: "more", note };
}
