import { ATTRIBUTE_KEY_LIMITS, AttributeKeys } from "./attribute_keys.ts";
import { cleanPairs, type CleanValue, keepValue } from "./clean_value.ts";
import type { DefinitionBatch, ResourceDefinition, SeriesDefinition } from "./definitions.ts";
import { attributeKeyBatch, boundsBatch, resourceBatch, seriesBatch } from "./definitions.ts";
import type { SeriesLimits } from "./series_registry.ts";
import { SeriesRegistry } from "./series_registry.ts";

const MAX_RESOURCES = 100_000;
const MAX_BOUNDS = 100_000;
/** Characters of all resources, and of all bounds, as they are found again. */
const MAX_CONTENT_CHARACTERS = 32 * 1024 * 1024;

/**
 * Things found again by their content, numbered from 1; 0 stands for "none, or the registry
 * is full", and full is counted. It is full at a number of things, and at `MAX_CONTENT_CHARACTERS`.
 */
export class ContentRegistry<T> {
  readonly #ids = new Map<string, number>();
  /** By id, from 1. */
  readonly #values: T[] = [];
  readonly #limit: number;
  readonly #keyOf: (value: T) => string;
  readonly #clean: (value: T) => T;
  #pending: { id: number; value: T }[] = [];
  #characters = 0;
  #refused = 0;

  /** `clean`: what is kept in the place of a value; the same value when it may be kept as it is. */
  constructor(
    limit: number,
    keyOf: (value: T) => string,
    clean: (value: T) => T = (value) => value,
  ) {
    this.#limit = limit;
    this.#keyOf = keyOf;
    this.#clean = clean;
  }

  get refused(): number {
    return this.#refused;
  }

  get size(): number {
    return this.#values.length;
  }

  /** Undefined for 0, and for what was never defined. */
  get(id: number): T | undefined {
    return this.#values[id - 1];
  }

  idOf(value: T): number {
    const key = this.#keyOf(value);
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const clean = this.#clean(value);
    // What was taken out may stand in the key too, so that key is not remembered.
    return clean === value ? this.#add(key, value) : this.#knownOrAdded(clean);
  }

  #knownOrAdded(value: T): number {
    const key = this.#keyOf(value);
    return this.#ids.get(key) ?? this.#add(key, value);
  }

  #add(key: string, value: T): number {
    const fits = this.#characters + key.length <= MAX_CONTENT_CHARACTERS;
    if (!fits || this.#values.length >= this.#limit) {
      this.#refused++;
      return 0;
    }
    const id = this.#values.push(value);
    this.#ids.set(key, id);
    this.#characters += key.length;
    this.#pending.push({ id, value });
    return id;
  }

  /** What a number that `idOf` gave stands for; undefined for 0 and what it never gave. */
  valueOf(id: number): T | undefined {
    return this.#values[id - 1];
  }

  /**
   * Takes up what the store recovered. Ids must be dense from 1; what stands in for lost values is
   * there many times.
   */
  restore(values: Iterable<{ readonly id: number; readonly value: T }>): void {
    for (const { id, value } of values) {
      const key = this.#keyOf(value);
      this.#ids.set(key, id);
      this.#characters += key.length;
      this.#values[id - 1] = value;
    }
  }

  takePending(): { id: number; value: T }[] {
    const pending = this.#pending;
    this.#pending = [];
    return pending;
  }

  /** Everything there is; nothing is pending then. */
  takeAll(): { id: number; value: T }[] {
    this.#pending = [];
    return this.#values.map((value, i) => ({ id: i + 1, value }));
  }
}

type Attributes = ResourceDefinition["attributes"];

/** Everything that batches refer to by number, and what of it the store has not seen yet. */
export class Registries {
  readonly series: SeriesRegistry;
  readonly attributeKeys: AttributeKeys;
  /** Resource attributes, sorted by key. */
  readonly resources: ContentRegistry<Attributes>;
  /** Histogram bounds: ascending, finite, one fewer than the buckets. */
  readonly bounds = new ContentRegistry<readonly number[]>(MAX_BOUNDS, (b) => b.join(","));

  /** `clean`: what is kept in the place of the value of a label or of a resource's attribute. */
  constructor(
    limits: SeriesLimits,
    clean: CleanValue = keepValue,
    keyLimits = ATTRIBUTE_KEY_LIMITS,
  ) {
    this.series = new SeriesRegistry(limits, clean);
    this.attributeKeys = new AttributeKeys(keyLimits);
    this.resources = new ContentRegistry<Attributes>(
      MAX_RESOURCES,
      (attributes) => JSON.stringify(attributes),
      (attributes) => cleanPairs(attributes, clean),
    );
  }

  /** Definitions that an append failed to keep; the next append must bring them again. */
  #returned: DefinitionBatch[] = [];

  /** Takes definitions back after an append failed, so that rows to come can still use them. */
  giveBack(definitions: readonly DefinitionBatch[]): void {
    this.#returned.push(...definitions);
  }

  /** Definitions made since the last call. Append them before the rows that use them. */
  takePending(): DefinitionBatch[] {
    const returned = this.#returned;
    this.#returned = [];
    return [
      ...returned,
      ...definitionBatches({
        series: this.series.takePending(),
        attributeKeys: this.attributeKeys.takePending(),
        resources: this.resources.takePending(),
        bounds: this.bounds.takePending(),
      }),
    ];
  }

  /** Every definition, for a store that takes another's place; none is pending then. */
  takeAll(): DefinitionBatch[] {
    this.#returned = [];
    return definitionBatches({
      series: this.series.takeAll(),
      attributeKeys: this.attributeKeys.takeAll(),
      resources: this.resources.takeAll(),
      bounds: this.bounds.takeAll(),
    });
  }
}

/** A batch for each table that has rows. */
function definitionBatches({ series, attributeKeys, resources, bounds }: {
  readonly series: readonly SeriesDefinition[];
  readonly attributeKeys: readonly { readonly id: number; readonly key: string }[];
  readonly resources: readonly { readonly id: number; readonly value: Attributes }[];
  readonly bounds: readonly { readonly id: number; readonly value: readonly number[] }[];
}): DefinitionBatch[] {
  return [
    seriesBatch(series),
    attributeKeyBatch(attributeKeys),
    resourceBatch(resources.map(({ id, value }) => ({ id, attributes: value }))),
    boundsBatch(bounds.map(({ id, value }) => ({ id, bounds: value }))),
  ].filter(({ rows }) => rows > 0);
}
