import type { SeriesDefinition } from "../../mod/intern/definitions.ts";
import type { LatestSample } from "../../mod/latest/latest_values.ts";
import { labelText, type MetricFamily, type Sample } from "./exposition.ts";
import { type FamilyName, familyName, prometheusLabels } from "./prometheus_names.ts";

/** Why a series is missing from `/metrics`. */
export type ExpositionRefusal =
  /** More series than `maxSeries`. */
  | "max_series"
  /** Its Prometheus name is taken by a metric of another type, or by Horizon's own. */
  | "name_conflict"
  /** Another series has the same Prometheus name and labels. */
  | "duplicate_labels";

export interface CollectedMetricsOptions {
  /** Series shown in one answer. */
  readonly maxSeries: number;
  /** Prometheus names that are not to be used. */
  readonly isReserved: (name: string) => boolean;
}

interface Family extends FamilyName {
  readonly help: string;
  readonly samples: Sample[];
  readonly labelSets: Set<string>;
}

interface Exposed {
  readonly family: FamilyName;
  readonly labels: string;
}

/** Turns the newest value of everything collected into Prometheus metric families. */
export class CollectedMetrics {
  readonly #options: CollectedMetricsOptions;
  readonly #lookUp: (seriesId: number) => SeriesDefinition | undefined;
  // Names and labels of a series never change, so they are worked out once for as long as it lives.
  readonly #exposed = new WeakMap<SeriesDefinition, Exposed>();
  readonly #refused: Record<ExpositionRefusal, number> = {
    max_series: 0,
    name_conflict: 0,
    duplicate_labels: 0,
  };

  constructor(
    lookUp: (seriesId: number) => SeriesDefinition | undefined,
    options: CollectedMetricsOptions,
  ) {
    this.#lookUp = lookUp;
    this.#options = options;
  }

  /** Series left out of the last answer, by reason. */
  get refused(): Readonly<Record<ExpositionRefusal, number>> {
    return this.#refused;
  }

  /** Families in the order of their first series. Series that were forgotten meanwhile are skipped. */
  families(latest: Iterable<LatestSample>): MetricFamily[] {
    this.#refused.max_series = this.#refused.name_conflict = this.#refused.duplicate_labels = 0;
    const families = new Map<string, Family>();
    let shown = 0;
    for (const { seriesId, value } of latest) {
      const definition = this.#lookUp(seriesId);
      if (definition === undefined) continue;
      if (shown >= this.#options.maxSeries) {
        this.#refused.max_series++;
        continue;
      }
      if (this.#add(families, definition, value)) shown++;
    }
    return [...families.values()].filter(({ samples }) => samples.length > 0);
  }

  #add(families: Map<string, Family>, definition: SeriesDefinition, value: number): boolean {
    const { family: named, labels } = this.#exposedOf(definition);
    const help = `${definition.kind} ${definition.name}` +
      (definition.unit === "" ? "" : ` in ${definition.unit}`);
    // OpenMetrics knows a counter by its name without the suffix, so that is what must be unique.
    const key = named.type === "counter" ? named.name.replace(/_total$/, "") : named.name;
    let family = families.get(key);
    if (family === undefined) {
      family = { ...named, help, samples: [], labelSets: new Set() };
      families.set(key, family);
    }
    if (family.help !== help || this.#options.isReserved(named.name)) {
      this.#refused.name_conflict++;
      return false;
    }
    if (family.labelSets.has(labels)) {
      this.#refused.duplicate_labels++;
      return false;
    }
    family.labelSets.add(labels);
    family.samples.push({ name: named.name, labels, value });
    return true;
  }

  #exposedOf(definition: SeriesDefinition): Exposed {
    let exposed = this.#exposed.get(definition);
    if (exposed === undefined) {
      exposed = {
        family: familyName(definition.name, definition.kind, definition.unit),
        labels: labelText(prometheusLabels(definition.labels)),
      };
      this.#exposed.set(definition, exposed);
    }
    return exposed;
  }
}
