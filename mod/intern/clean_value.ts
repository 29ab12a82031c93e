/** What may be kept of a value under a name; the value itself when there is nothing against it. */
export type CleanValue = (name: string, value: string) => string;

export const keepValue: CleanValue = (_: string, value: string): string => value;

/** The pairs with clean values; the same list when all of them may be kept. */
export function cleanPairs(
  pairs: readonly (readonly [name: string, value: string])[],
  clean: CleanValue,
): readonly (readonly [name: string, value: string])[] {
  let changed = false;
  const cleaned = pairs.map(([name, value]) => {
    const kept = clean(name, value);
    changed ||= kept !== value;
    return [name, kept] as const;
  });
  return changed ? cleaned : pairs;
}
