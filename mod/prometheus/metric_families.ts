import type { SeriesRegistry } from "../intern/series_registry.ts";
import type { SeriesIdentity } from "../intake/sample_writer.ts";
import {
  familyOfSample,
  type MetricFamily,
  type MetricType,
  sampleKind,
  sampleUnit,
  UNKNOWN_FAMILY,
} from "./metric_type.ts";

/** Families remembered; what is told past them is not remembered, and counted. */
const MAX_FAMILIES = 65_536;

/**
 * What was said about metric families apart from their samples, as remote write 1.0 does, which
 * sends types and units every minute in messages of their own.
 */
export class MetricFamilies {
  readonly #registry: Pick<SeriesRegistry, "newestOf">;
  readonly #families = new Map<string, MetricFamily>();
  #refused = 0;

  constructor(registry: Pick<SeriesRegistry, "newestOf">) {
    this.#registry = registry;
  }

  /** Families not remembered for lack of room. */
  get refused(): number {
    return this.#refused;
  }

  get(name: string): MetricFamily | undefined {
    return this.#families.get(name);
  }

  /** The type of the family that samples of this name belong to. */
  typeOf(name: string): MetricType {
    return familyOfSample(name, (one) => this.#families.get(one))?.type ?? "unknown";
  }

  /** Remembers a family; true when that changes what was known. */
  set(name: string, family: MetricFamily): boolean {
    const known = this.#families.get(name) ?? UNKNOWN_FAMILY;
    if (known.type === family.type && known.unit === family.unit) return false;
    if (!this.#families.has(name) && this.#families.size >= MAX_FAMILIES) {
      this.#refused++;
      return false;
    }
    this.#families.set(name, family);
    return true;
  }

  /**
   * Kind and unit of the samples of a name. `told` is what came along with them. Where nothing
   * was ever said, they are what the name's newest series has, so that a series does not change
   * its identity over a restart; a name never seen is judged by its endings.
   */
  describe(name: string, told: MetricFamily): Pick<SeriesIdentity, "kind" | "unit"> {
    const family = told.type === "unknown"
      ? familyOfSample(name, (one) => this.#families.get(one)) ?? told
      : told;
    if (family.type === "unknown") {
      const newest = this.#registry.newestOf(name);
      if (newest !== null && newest.kind !== "histogram") return newest;
    }
    return { kind: sampleKind(name, family.type), unit: sampleUnit(name, family.unit) };
  }

  /** Unit of the native histograms of a name. */
  histogramUnit(name: string, told: MetricFamily): string {
    const unit = told.unit || this.#families.get(name)?.unit || "";
    return sampleUnit(name, unit);
  }
}
