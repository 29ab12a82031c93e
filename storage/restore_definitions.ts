import type { Registries } from "../mod/intern/registries.ts";
import { sortLabels } from "../mod/intern/series_registry.ts";
import type { SqlValue } from "../mod/ports.ts";
import { decodeArrow } from "./arrow_decode.ts";
import type { Recovery } from "./messages.ts";
import { seriesKindOf } from "./series_kind.ts";

/** Tells the registries of the definitions that came back, so that ids keep their meaning. */
export function restoreDefinitions(
  recovery: Recovery,
  registries: Registries,
  nowMs: number,
): void {
  const { definitions, maxSeriesId } = recovery;
  for (const [id, name, kind, unit, service, labels] of rowsOf(definitions.series)) {
    const known = seriesKindOf(kind);
    if (known === undefined) continue;
    registries.series.restore({
      id: Number(id),
      name: String(name),
      kind: known,
      unit: String(unit),
      service: String(service),
      labels: entriesOf(labels),
    }, nowMs);
  }
  registries.series.reserveThrough(maxSeriesId);
  registries.attributeKeys.restore(
    rowsOf(definitions.attribute_keys).map(([id, key]) => ({ id: Number(id), key: String(key) })),
    nowMs,
  );
  registries.resources.restore(
    rowsOf(definitions.resources).map(([id, held]) => ({ id: Number(id), value: entriesOf(held) })),
  );
  registries.bounds.restore(
    rowsOf(definitions.bounds).map(([id, held]) => ({
      id: Number(id),
      value: Array.isArray(held) ? held.map(Number) : [],
    })),
  );
}

function rowsOf(ipc: Uint8Array): (readonly SqlValue[])[] {
  return [...decodeArrow(ipc).rows(Infinity)];
}

function entriesOf(value: SqlValue | undefined): (readonly [key: string, value: string])[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
  return sortLabels(Object.entries(value).map(([k, v]) => [k, String(v)] as const));
}
