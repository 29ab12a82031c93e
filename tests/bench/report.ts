/** One measured figure beside its target. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  readonly target: number;
  /** Whether more is better, as for rates, or less, as for times and bytes. */
  readonly better: "more" | "less";
  /** What must be known to read the value. */
  readonly note?: string;
}

/** The figure with how it stands to its target: 1 or more is met. */
export function judged(figure: Figure): Figure & { readonly ratio: number; readonly met: boolean } {
  const { value, target, better } = figure;
  const ratio = better === "more" ? value / target : target / value;
  return { ...figure, value: rounded(value), ratio: rounded(ratio), met: ratio >= 1 };
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? NaN;
}

function rounded(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Math.round(value * 100) / 100;
}
