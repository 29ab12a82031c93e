/** Labels of a series, in the order in which they were written. */
export type Labels = readonly (readonly [name: string, value: string])[];

/** Names of tags that say which service a metric belongs to, the first that is there counts. */
const SERVICE_TAGS = ["service.name", "service"];

/** The service that labels name; "" when they name none. The label stays one. */
export function serviceOf(labels: Labels): string {
  for (const tag of SERVICE_TAGS) {
    const found = labels.find(([name]) => name === tag);
    if (found !== undefined) return found[1];
  }
  return "";
}

/** A decimal number as all line protocols write it: no hexadecimal, no NaN, no infinity. */
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/;

/** The number; null when the text is none, or too large for a double. */
export function decimal(text: string): number | null {
  if (!DECIMAL.test(text)) return null;
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}
