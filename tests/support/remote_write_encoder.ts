import protobuf from "protobufjs";

const PROTO = new URL("../fixtures/prometheus/remote_write.proto", import.meta.url);
const root = protobuf.parse(Deno.readTextFileSync(PROTO)).root;

/** A message as protobufjs takes it: lowerCamelCase, 64-bit integers as numbers or strings. */
export type Message = { readonly [key: string]: unknown };

/** An exemplar as both versions can carry it. */
export interface ExemplarSketch {
  readonly labels?: readonly { readonly name: string; readonly value: string }[];
  readonly value: number;
  /** Milliseconds since the Unix epoch. */
  readonly timestamp: number;
}

/** A series as both versions can carry it. */
export interface SeriesSketch {
  readonly labels: Readonly<Record<string, string>>;
  readonly samples?: readonly Message[];
  readonly histograms?: readonly Message[];
  readonly exemplars?: readonly ExemplarSketch[];
  /** Number of the type, and the unit; only 2.0 carries them with the series. */
  readonly type?: number;
  readonly unit?: string;
}

/** A `prometheus.WriteRequest`. */
export function encodeV1(
  series: readonly SeriesSketch[],
  metadata: readonly Message[] = [],
): Uint8Array<ArrayBuffer> {
  const timeseries = series.map(({ labels, samples, histograms, exemplars }) => ({
    labels: Object.entries(labels).map(([name, value]) => ({ name, value })),
    samples: samples ?? [],
    histograms: histograms ?? [],
    exemplars: exemplars ?? [],
  }));
  return encode("prom.WriteRequest", { timeseries, metadata });
}

/** An `io.prometheus.write.v2.Request`. */
export function encodeV2(series: readonly SeriesSketch[]): Uint8Array<ArrayBuffer> {
  const symbols = [""];
  const refOf = (text: string): number => {
    const at = symbols.indexOf(text);
    return at === -1 ? symbols.push(text) - 1 : at;
  };
  const timeseries = series.map(({ labels, samples, histograms, exemplars, type, unit }) => ({
    labelsRefs: Object.entries(labels).flatMap(([name, value]) => [refOf(name), refOf(value)]),
    samples: samples ?? [],
    histograms: histograms ?? [],
    exemplars: (exemplars ?? []).map(({ labels, value, timestamp }) => ({
      labelsRefs: (labels ?? []).flatMap(({ name, value }) => [refOf(name), refOf(value)]),
      value,
      timestamp,
    })),
    metadata: { type: type ?? 0, unitRef: refOf(unit ?? "") },
  }));
  return encode("prom.Request", { symbols, timeseries });
}

/** Any message of the fixture's package. */
export function encode(type: string, message: Message): Uint8Array<ArrayBuffer> {
  const found = root.lookupType(type);
  return withStaleMarkers(Uint8Array.from(found.encode(found.fromObject(message)).finish()));
}

/**
 * Stands for the stale marker in what is encoded: every NaN looks the same to JavaScript, so the
 * marker's bits have to be put in afterwards.
 */
export const STALE = 8.765e-300;
const STALE_BITS = 0x7ff0000000000002n;

function withStaleMarkers(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const view = new DataView(bytes.buffer);
  for (let at = 0; at + 8 <= bytes.length; at++) {
    if (view.getFloat64(at, true) === STALE) view.setBigUint64(at, STALE_BITS, true);
  }
  return bytes;
}
