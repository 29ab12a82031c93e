import type { JudgedFigure } from "./report.ts";

/** A figure that has become worse. */
export interface Regression {
  readonly name: string;
  readonly before: number;
  readonly now: number;
  /** How many times as bad as before: 1.5 for a rate that fell to two thirds, or a time half as long again. */
  readonly worseBy: number;
}

/** An earlier figure, as `deno task bench` printed it. */
export interface EarlierFigure {
  readonly name: string;
  readonly value: number;
}

/**
 * The figures that are worse than before by more than `tolerance` (0.25: by a quarter), the worst first.
 * Those that were not measured both times are passed over.
 */
export function regressions(
  figures: readonly JudgedFigure[],
  earlier: readonly EarlierFigure[],
  tolerance: number,
): Regression[] {
  const found = figures.flatMap(({ name, value, better }) => {
    const before = earlier.find((one) => one.name === name)?.value;
    if (before === undefined) return [];
    const worseBy = better === "more" ? before / value : value / before;
    return worseBy > 1 + tolerance ? [{ name, before, now: value, worseBy }] : [];
  });
  return found.sort((a, b) => b.worseBy - a.worseBy);
}

/**
 * The figures of an earlier report.
 *
 * @throws {Error} when the text is no report of `deno task bench`
 */
export function readEarlier(text: string): EarlierFigure[] {
  const report: unknown = JSON.parse(text);
  const figures = field(report, "figures");
  if (!Array.isArray(figures)) throw new Error("no report of `deno task bench`: it has no figures");
  return figures.map((figure: unknown) => {
    const [name, value] = [field(figure, "name"), field(figure, "value")];
    if (typeof name !== "string" || typeof value !== "number") {
      throw new Error(`no figure of a report: ${JSON.stringify(figure)}`);
    }
    return { name, value };
  });
}

function field(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null
    ? Object.getOwnPropertyDescriptor(value, key)?.value
    : undefined;
}
