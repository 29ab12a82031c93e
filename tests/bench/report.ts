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
  /** False when it was measured under easier conditions than the target names. */
  readonly comparable?: boolean;
}

/** A figure with how it stands to its target. */
export interface JudgedFigure extends Figure {
  /** 1 or more: met. 0.5: half as good as wanted. */
  readonly ratio: number;
  /** Null when the figure cannot be compared. */
  readonly met: boolean | null;
}

/** Compares a figure with its target; values are rounded for reading, `met` is decided before. */
export function judged(figure: Figure): JudgedFigure {
  const { value, target, better, comparable = true } = figure;
  const ratio = better === "more" ? value / target : target / value;
  return {
    ...figure,
    value: rounded(value),
    ratio: rounded(ratio),
    met: comparable ? ratio >= 1 : null,
  };
}

/** The value in the middle; NaN of nothing. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The smallest value that a share of `q` of all does not exceed; NaN of nothing. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * q) - 1)] ?? NaN;
}

function rounded(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Math.round(value * 100) / 100;
}
