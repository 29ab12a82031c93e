import { Counter, Gauge, type Registry } from "prom-client";

/** Values of one metric by label values. */
export type Readings<T extends string> = Iterable<
  readonly [labels: Partial<Record<T, string>>, value: number]
>;

interface ReadMetric<T extends string> {
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly T[];
  /** Called at every scrape. */
  readonly read: () => Readings<T>;
}

/** A counter that is kept elsewhere and read at every scrape. */
export function readCounter<T extends string>(registry: Registry, metric: ReadMetric<T>): void {
  new Counter<T>({
    name: metric.name,
    help: metric.help,
    labelNames: [...metric.labelNames ?? []],
    registers: [registry],
    collect() {
      this.reset();
      for (const [labels, value] of metric.read()) this.inc(labels, value);
    },
  });
}

/** A gauge that is kept elsewhere and read at every scrape. */
export function readGauge<T extends string>(registry: Registry, metric: ReadMetric<T>): void {
  new Gauge<T>({
    name: metric.name,
    help: metric.help,
    labelNames: [...metric.labelNames ?? []],
    registers: [registry],
    collect() {
      this.reset();
      for (const [labels, value] of metric.read()) this.set(labels, value);
    },
  });
}

/** The reading of a metric without labels; none when the value is not known. */
export function one(value: number | undefined): Readings<never> {
  return value === undefined ? [] : [[{}, value]];
}

/** One reading for each key of `values`, with the key as the label's value. */
export function byLabel<T extends string>(
  label: T,
  values: Readonly<Record<string, number>>,
): Readings<T> {
  return Object.entries(values).map(([key, value]) => [labelled(label, key), value] as const);
}

function labelled<T extends string>(label: T, value: string): Partial<Record<T, string>> {
  const labels: Partial<Record<T, string>> = {};
  labels[label] = value;
  return labels;
}
