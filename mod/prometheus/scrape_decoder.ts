import { decodeUtf8 } from "../columns/utf8_text.ts";
import type { SampleRows, SeriesIdentity } from "../intake/sample_writer.ts";
import { SERIES_REFUSED } from "../intern/series_registry.ts";
import { ByteCache } from "../otlp/byte_cache.ts";
import { type ExpositionFormat, readExposition } from "./exposition.ts";
import { BUCKET_LABEL, NAME_LABEL, seriesLabels } from "./label_names.ts";
import type { MetricFamilies } from "./metric_families.ts";
import { type MetricType, UNKNOWN_FAMILY } from "./metric_type.ts";
import { relabel, type RelabelRule } from "./relabel.ts";
import { ScrapedExemplars } from "./scraped_exemplars.ts";
import { ScrapedHistogram } from "./scraped_histogram.ts";
import { readSeriesText } from "./series_text.ts";

/** Bounds of one scrape; past one of them nothing of the scrape is kept. */
export interface ScrapeLimits {
  /** Samples after relabelling. */
  readonly samples: number;
  /** Labels of a series, its name and those of the target among them. */
  readonly labels: number;
  /** Characters of a label's name and of its value. */
  readonly labelName: number;
  readonly labelValue: number;
}

export interface ScrapeDecoderOptions {
  /** What every series of the target carries. */
  readonly targetLabels: ReadonlyMap<string, string>;
  /** Where both have a label: the target's own stays, instead of going under `exported_…`. */
  readonly honorLabels: boolean;
  /** Whether timestamps that the target gives are taken. */
  readonly honorTimestamps: boolean;
  readonly metricRelabel: readonly RelabelRule[];
  readonly limits: ScrapeLimits;
  readonly families: MetricFamilies;
  /** A random unsigned 32-bit number, so that nobody can craft keys that collide in caches. */
  readonly salt: number;
}

/** What a scrape brought. */
export interface ScrapeCounts {
  readonly scraped: number;
  /** Left after metric relabelling. */
  readonly kept: number;
  /** Series that the scrape before did not have. */
  readonly added: number;
  /** Exemplars that were not kept. */
  readonly droppedExemplars: number;
  /** Samples with a timestamp of their own that the scrape before had too; not stored again. */
  readonly repeated: number;
}

/** A scrape that breaks a limit, or has what is no series. Nothing of it is kept. */
export class ScrapeRefusal extends Error {
  override readonly name = "ScrapeRefusal";

  constructor(readonly reason: "sample_limit" | "label_limit" | "invalid_series", message: string) {
    super(message);
  }
}

/** What a sample's text stands for, found once. */
type Entry =
  | { readonly kind: "dropped"; scrape: number }
  | { readonly kind: "series"; readonly seriesId: number; scrape: number; lastTsUs: number | null }
  | {
    readonly kind: "part";
    readonly histogram: ScrapedHistogram;
    readonly part: "sum" | "count" | number;
    scrape: number;
  };

const CACHE = { maxEntries: 1_048_576, maxBytes: 134_217_728 };
/** Texts remembered for every one that the last scrape had, before all are forgotten. */
const MAX_ENTRIES_PER_SAMPLE = 2;
const MIN_ENTRIES = 1_024;

/**
 * Reads the expositions of one target, one after the other, into rows. A sample is known by its
 * undecoded text: labels, relabelling and series are worked out the first time only.
 */
export class ScrapeDecoder {
  readonly #options: ScrapeDecoderOptions;
  readonly #cache: ByteCache;
  #entries: Entry[] = [];
  #histograms = new Map<number, ScrapedHistogram>();
  #scrape = 0;
  #keptBefore = 0;
  /** Whether the texts were forgotten, so that known series look new. */
  #forgot = false;
  // Of the scrape in hand.
  #kindsChanged = false;
  #rows: SampleRows | null = null;
  #view: DataView = new DataView(new ArrayBuffer(0));
  #tsUs = 0;
  #kept = 0;
  #added = 0;
  #repeated = 0;
  #open: ScrapedHistogram[] = [];
  /** Of the sample that was read last; null when it was not taken. */
  #lastSeries: number | null = null;
  #strayExemplars = 0;
  readonly #exemplars = new ScrapedExemplars();

  constructor(options: ScrapeDecoderOptions) {
    this.#options = options;
    this.#cache = new ByteCache(CACHE, options.salt);
  }

  /** Numbers of series found before are no longer good, or what was pushed was not kept. */
  forgetSeries(): void {
    this.#exemplars.forget();
    this.#forgetTexts();
  }

  #forgetTexts(): void {
    this.#cache.clear();
    this.#entries = [];
    this.#histograms = new Map();
    this.#forgot = true;
  }

  /**
   * Pushes the rows of an exposition scraped at `tsUs`.
   * @throws ExpositionError, ScrapeRefusal: then what was pushed must be taken back
   */
  decode(body: Uint8Array, format: ExpositionFormat, tsUs: number, rows: SampleRows): ScrapeCounts {
    this.#scrape++;
    this.#rows = rows;
    this.#view = new DataView(body.buffer, body.byteOffset, body.byteLength);
    this.#tsUs = tsUs;
    this.#kept = this.#added = this.#repeated = 0;
    this.#open = [];
    this.#strayExemplars = 0;
    this.#exemplars.begin();
    const samples = readExposition(body, format, {
      type: (family, type) => this.#describe(family, type, null),
      unit: (family, unit) => this.#describe(family, null, unit),
      sample: (bytes, start, end, value, own) => {
        this.#lastSeries = this.#sample(bytes, start, end, value, own);
      },
      exemplar: (bytes, start, end) => this.#exemplar(bytes, start, end),
    });
    for (const histogram of this.#open) rows.histogram(histogram.seriesId, histogram.point());
    const added = this.#forgot ? Math.max(0, this.#kept - this.#keptBefore) : this.#added;
    this.#keptBefore = this.#kept;
    this.#forgot = false;
    const room = Math.max(MIN_ENTRIES, samples * MAX_ENTRIES_PER_SAMPLE);
    if (this.#kindsChanged || this.#entries.length > room) this.#forgetTexts();
    this.#kindsChanged = false;
    const droppedExemplars = this.#strayExemplars + this.#exemplars.leftOut;
    return {
      scraped: samples,
      kept: this.#kept,
      added,
      droppedExemplars,
      repeated: this.#repeated,
    };
  }

  #describe(family: string, type: MetricType | null, unit: string | null): void {
    const { families } = this.#options;
    const known = families.get(family) ?? UNKNOWN_FAMILY;
    const changed = families.set(family, { type: type ?? known.type, unit: unit ?? known.unit });
    // Samples found before may be of another kind now. The first scrape has none of them.
    if (changed && this.#scrape > 1) this.#kindsChanged = true;
  }

  /** Answers the series that it belongs to; null when it is not taken. */
  #sample(
    body: Uint8Array,
    start: number,
    end: number,
    value: number,
    own: number | null,
  ): number | null {
    const rows = this.#rows!;
    const known = this.#cache.find(this.#view, start, end, 0);
    const entry = known === -1 ? this.#newEntry(body, start, end) : this.#entries[known]!;
    if (entry?.kind === "dropped") return null;
    this.#count();
    if (entry === null) return null;
    if (entry.scrape === this.#scrape) {
      rows.rejections.add("duplicate_sample");
      return null;
    }
    if (entry.scrape === 0 || entry.scrape < this.#scrape - 1) this.#added++;
    entry.scrape = this.#scrape;
    const tsUs = this.#options.honorTimestamps && own !== null ? own : this.#tsUs;
    if (entry.kind === "part") this.#part(entry.histogram, entry.part, value, tsUs);
    else if (own !== null && entry.lastTsUs === tsUs) this.#repeated++;
    else {
      entry.lastTsUs = tsUs;
      rows.sample(entry.seriesId, tsUs, value);
    }
    return entry.kind === "part" ? entry.histogram.seriesId : entry.seriesId;
  }

  #exemplar(body: Uint8Array, start: number, end: number): void {
    if (this.#lastSeries === null) this.#strayExemplars++;
    else {
      const text = decodeUtf8(body, start, end);
      this.#exemplars.take(this.#lastSeries, text, this.#tsUs, this.#rows!);
    }
  }

  #count(): void {
    const { samples } = this.#options.limits;
    if (++this.#kept > samples) {
      throw new ScrapeRefusal("sample_limit", `more than ${samples} samples (sample_limit)`);
    }
  }

  #part(
    histogram: ScrapedHistogram,
    part: "sum" | "count" | number,
    value: number,
    tsUs: number,
  ): void {
    if (histogram.scrape !== this.#scrape) {
      histogram.begin(this.#scrape, tsUs);
      this.#open.push(histogram);
    }
    if (part === "sum") histogram.sum(value);
    else if (part === "count") histogram.count(value);
    else histogram.bucket(part, value);
  }

  /** What the text stands for; null where a limit of the store refuses its series. */
  #newEntry(body: Uint8Array, start: number, end: number): Entry | null {
    const exposed = readSeriesText(body, start, end);
    if (exposed === null) {
      const text = new TextDecoder().decode(body.subarray(start, Math.min(end, start + 100)));
      throw new ScrapeRefusal("invalid_series", `"${text}" is not a metric with labels`);
    }
    const name = exposed.get(NAME_LABEL)!;
    const labels = relabel(this.#withTargetLabels(exposed), this.#options.metricRelabel);
    const entry = labels === null
      ? { kind: "dropped" as const, scrape: 0 }
      : this.#resolve(name, labels);
    if (entry === null) return null;
    if (this.#entries.length >= CACHE.maxEntries) this.#forgetTexts();
    this.#cache.add(this.#view, start, end, 0, this.#entries.length);
    this.#entries.push(entry);
    return entry;
  }

  #withTargetLabels(exposed: Map<string, string>): Map<string, string> {
    const { targetLabels, honorLabels } = this.#options;
    const labels = new Map(exposed);
    for (const [label, value] of targetLabels) {
      const given = exposed.get(label) ?? "";
      if (given !== "" && honorLabels) continue;
      if (given !== "") labels.set(freeName(`exported_${label}`, labels), given);
      labels.set(label, value);
    }
    return labels;
  }

  #resolve(exposedName: string, labels: Map<string, string>): Entry | null {
    this.#checkLimits(labels);
    const { families } = this.#options;
    const part = histogramPart(exposedName, labels, families.typeOf(exposedName));
    if (part !== null) return this.#histogramEntry(part.part, part.suffix, labels);
    const series = seriesLabels(labels);
    const { kind, unit } = families.describe(exposedName, UNKNOWN_FAMILY);
    const seriesId = this.#seriesId({ ...series, kind, unit });
    if (seriesId === SERIES_REFUSED) return null;
    return { kind: "series", seriesId, scrape: 0, lastTsUs: null };
  }

  #histogramEntry(
    part: "sum" | "count" | number,
    suffix: string,
    labels: Map<string, string>,
  ): Entry | null {
    const whole = new Map(labels);
    whole.delete(BUCKET_LABEL);
    const series = seriesLabels(whole);
    const name = series.name.endsWith(suffix) ? series.name.slice(0, -suffix.length) : series.name;
    const unit = this.#options.families.histogramUnit(name, UNKNOWN_FAMILY);
    const seriesId = this.#seriesId({ ...series, name, kind: "histogram", unit });
    if (seriesId === SERIES_REFUSED) return null;
    let histogram = this.#histograms.get(seriesId);
    if (histogram === undefined) {
      histogram = new ScrapedHistogram(seriesId);
      this.#histograms.set(seriesId, histogram);
    }
    return { kind: "part", histogram, part, scrape: 0 };
  }

  #seriesId(identity: SeriesIdentity): number {
    const rows = this.#rows!;
    const id = rows.seriesId(identity);
    if (typeof id === "number") return id;
    rows.rejections.add(id);
    return SERIES_REFUSED;
  }

  #checkLimits(labels: Map<string, string>): void {
    const { limits } = this.#options;
    const refuse = (problem: string): never => {
      const name = labels.get(NAME_LABEL) ?? "";
      throw new ScrapeRefusal("label_limit", `${name.slice(0, 100)} has ${problem}`);
    };
    if (labels.size > limits.labels) refuse(`more than ${limits.labels} labels (label_limit)`);
    for (const [name, value] of labels) {
      if (name.length > limits.labelName) {
        refuse(`a label name longer than ${limits.labelName} (label_name_length_limit)`);
      }
      if (value.length > limits.labelValue) {
        refuse(`a label value longer than ${limits.labelValue} (label_value_length_limit)`);
      }
    }
  }
}

/** Which part of a classic histogram the sample is; null when it is none. */
function histogramPart(
  name: string,
  labels: ReadonlyMap<string, string>,
  type: MetricType,
): { part: "sum" | "count" | number; suffix: string } | null {
  if (type !== "histogram" && type !== "gaugehistogram") return null;
  for (const suffix of ["_sum", "_gsum"]) if (name.endsWith(suffix)) return { part: "sum", suffix };
  for (const suffix of ["_count", "_gcount"]) {
    if (name.endsWith(suffix)) return { part: "count", suffix };
  }
  const bound = boundOf(labels.get(BUCKET_LABEL) ?? "");
  return name.endsWith("_bucket") && bound !== null ? { part: bound, suffix: "_bucket" } : null;
}

function boundOf(text: string): number | null {
  if (text === "+Inf") return Infinity;
  const bound = text === "" ? NaN : Number(text);
  return Number.isNaN(bound) ? null : bound;
}

function freeName(name: string, taken: ReadonlyMap<string, string>): string {
  let free = name;
  while (taken.has(free)) free = `exported_${free}`;
  return free;
}
