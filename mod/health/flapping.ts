/** When changes of state are too many to be called changes. */
export interface FlappingRule {
  /** So many changes within the window are flapping. */
  readonly changes: number;
  readonly windowMs: number;
}

/** The newest changes, oldest first: no more of them than the rule counts. */
export interface FlappingState {
  readonly flapping: boolean;
  readonly changesMs: readonly number[];
}

export const STEADY: FlappingState = { flapping: false, changesMs: [] };

/**
 * Flapping begins with the change that makes `rule.changes` of them within the window, and ends
 * when less than half as many are left in it, so that it does not itself flap.
 */
export function flappingAfter(
  before: FlappingState,
  changed: boolean,
  nowMs: number,
  rule: FlappingRule,
): FlappingState {
  const changesMs = before.changesMs.filter((atMs) => nowMs - atMs < rule.windowMs);
  if (changed) changesMs.push(nowMs);
  const newest = changesMs.slice(-rule.changes);
  const flapping = before.flapping
    ? newest.length >= rule.changes / 2
    : newest.length >= rule.changes;
  return { flapping, changesMs: newest };
}
