import type { ColumnBatch, DictionaryColumn } from "../../columns/column.ts";
import type { WhenConfig } from "../../config/processor_config.ts";
import { assert } from "../../errors.ts";
import type { SeriesDefinition } from "../../intern/definitions.ts";
import type { Registries } from "../../intern/registries.ts";
import { SEVERITY } from "../../signals/severity.ts";
import {
  attributesOf,
  columnOf,
  dictionaryOf,
  distinctTexts,
  isPresent,
  textAt,
  textsOf,
} from "../batch_columns.ts";

/** Series whose answer is remembered; past it all are judged anew. */
const MAX_REMEMBERED_SERIES = 500_000;

/** Says which rows of a batch a processor is for. All that is asked for must hold. */
export class RowMatcher {
  readonly #registries: Pick<Registries, "series">;
  readonly #service: RegExp | null;
  readonly #name: RegExp | null;
  readonly #body: RegExp | null;
  readonly #severityFrom: number;
  readonly #severityBelow: number;
  readonly #attributes: readonly {
    readonly key: string;
    readonly keyId: number;
    readonly pattern: RegExp;
  }[];
  readonly #bySeries = new Map<number, boolean>();

  constructor(when: WhenConfig, registries: Registries) {
    this.#registries = registries;
    this.#service = expression(when.service);
    this.#name = expression(when.name);
    this.#body = expression(when.body);
    this.#severityFrom = when.severity_at_least === null ? 0 : SEVERITY[when.severity_at_least];
    this.#severityBelow = when.severity_below === null ? Infinity : SEVERITY[when.severity_below];
    this.#attributes = Object.entries(when.attributes).map(([key, pattern]) => ({
      key,
      keyId: registries.attributeKeys.pinnedIdOf(key),
      pattern: new RegExp(pattern, "u"),
    }));
  }

  /** A mark for each row: 1 where it matches. */
  match(batch: ColumnBatch): Uint8Array {
    const marks = new Uint8Array(batch.rows).fill(1);
    if (batch.signal === "metrics" || batch.signal === "histograms") this.#series(batch, marks);
    else this.#records(batch, marks);
    return marks;
  }

  #records(batch: ColumnBatch, marks: Uint8Array): void {
    const logs = batch.signal === "logs";
    if (this.#service !== null) byText(dictionaryOf(batch, "service"), this.#service, marks);
    if (this.#name !== null) {
      byText(dictionaryOf(batch, logs ? "event_name" : "name"), this.#name, marks);
    }
    if (logs) this.#severities(batch, marks);
    if (this.#body !== null) this.#bodies(batch, this.#body, logs, marks);
    if (this.#attributes.length > 0) this.#attributeValues(batch, marks);
  }

  #severities(batch: ColumnBatch, marks: Uint8Array): void {
    if (this.#severityFrom === 0 && this.#severityBelow === Infinity) return;
    const column = columnOf(batch, "severity_number");
    assert(column.type === "u8", "a severity is a byte");
    for (let row = 0; row < marks.length; row++) {
      const number = column.data[row]!;
      // Of a record that does not say how severe it is nothing is known.
      if (number === 0 || number < this.#severityFrom || number >= this.#severityBelow) {
        marks[row] = 0;
      }
    }
  }

  #bodies(batch: ColumnBatch, pattern: RegExp, logs: boolean, marks: Uint8Array): void {
    if (!logs) return void marks.fill(0);
    const bodies = textsOf(batch, "body");
    for (let row = 0; row < marks.length; row++) {
      if (marks[row] === 1 && !pattern.test(textAt(bodies, row))) marks[row] = 0;
    }
  }

  #attributeValues(batch: ColumnBatch, marks: Uint8Array): void {
    const { offsets, keys, values } = attributesOf(batch);
    for (let row = 0; row < marks.length; row++) {
      if (marks[row] === 0) continue;
      for (const { keyId, pattern } of this.#attributes) {
        let item = offsets[row]!;
        const end = offsets[row + 1]!;
        while (item < end && keys[item] !== keyId) item++;
        if (item === end || !pattern.test(textAt(values, item))) marks[row] = 0;
      }
    }
  }

  #series(batch: ColumnBatch, marks: Uint8Array): void {
    const column = columnOf(batch, "series_id");
    assert(column.type === "u32", "series have numbers");
    if (this.#bySeries.size > MAX_REMEMBERED_SERIES) this.#bySeries.clear();
    for (let row = 0; row < marks.length; row++) {
      const id = column.data[row]!;
      let matches = this.#bySeries.get(id);
      if (matches === undefined) {
        matches = this.#seriesMatches(this.#registries.series.get(id));
        this.#bySeries.set(id, matches);
      }
      if (!matches) marks[row] = 0;
    }
  }

  #seriesMatches(series: SeriesDefinition | undefined): boolean {
    if (series === undefined || this.#body !== null) return false;
    if (this.#severityFrom > 0 || this.#severityBelow < Infinity) return false;
    return (this.#service?.test(series.service) ?? true) &&
      (this.#name?.test(series.name) ?? true) &&
      this.#attributes.every(({ key, pattern }) => {
        const label = series.labels.find(([name]) => name === key);
        return label !== undefined && pattern.test(label[1]);
      });
  }
}

function expression(pattern: string | null): RegExp | null {
  return pattern === null ? null : new RegExp(pattern, "u");
}

/** Each distinct text is judged once. What is not there matches nothing. */
function byText(column: DictionaryColumn, pattern: RegExp, marks: Uint8Array): void {
  const judged = distinctTexts(column).map((text) => pattern.test(text));
  for (let row = 0; row < marks.length; row++) {
    if (!isPresent(column.nulls, row) || !judged[column.ids[row]!]) marks[row] = 0;
  }
}
