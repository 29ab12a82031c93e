import { encodeRequest, keyValues } from "../unit/mod/otlp/reference_encoder.ts";

const DIGITS = 8;
const MARK = "series-";

/** An OTLP request whose points are each of a series of their own, made new without encoding it again. */
export interface SeriesBomb {
  readonly points: number;
  /** The request with the series numbered from `first` on. The same bytes each time. */
  body(first: number): Uint8Array<ArrayBuffer>;
}

/** Points of one gauge whose label `key` (or whose label's name, with `names`) is never the same. */
export function seriesBomb(metric: string, points: number, names = false): SeriesBomb {
  const text = (i: number) => MARK + String(i).padStart(DIGITS, "0");
  const dataPoints = Array.from({ length: points }, (_, i) => ({
    attributes: keyValues({
      "http.request.method": "GET",
      ...names ? { [text(i)]: "1" } : { "user.id": text(i) },
    }),
    timeUnixNano: String(BigInt(Date.now()) * 1_000_000n),
    asDouble: i,
  }));
  const resource = { attributes: keyValues({ "service.name": "guilty" }) };
  const bytes = Uint8Array.from(encodeRequest("metrics", {
    resourceMetrics: [{
      resource,
      scopeMetrics: [{ metrics: [{ name: metric, unit: "1", gauge: { dataPoints } }] }],
    }],
  }));
  const places = placesOf(bytes, new TextEncoder().encode(MARK));
  if (places.length !== points) throw new Error(`${places.length} places for ${points} points`);
  return {
    points,
    body: (first) => {
      places.forEach((at, i) => writeDigits(bytes, at, first + i));
      return bytes;
    },
  };
}

/** Where what stands behind each `mark` begins. */
function placesOf(bytes: Uint8Array, mark: Uint8Array): number[] {
  const places: number[] = [];
  for (let at = bytes.indexOf(mark[0]!); at !== -1; at = bytes.indexOf(mark[0]!, at + 1)) {
    if (mark.every((byte, i) => bytes[at + i] === byte)) places.push(at + mark.length);
  }
  return places;
}

function writeDigits(bytes: Uint8Array, at: number, value: number): void {
  let rest = value;
  for (let i = DIGITS - 1; i >= 0; i--) {
    bytes[at + i] = 48 + rest % 10;
    rest = Math.floor(rest / 10);
  }
}
