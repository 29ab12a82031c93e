import { fixed64Tag, knownFields, signedOf, varintTag, type WireReader } from "../otlp/wire.ts";
import type { Exemplar } from "../signals/exemplars.ts";
import { ExemplarIds } from "./exemplar_ids.ts";

// Fields of Exemplar, the same in both versions but for the labels (1): what is not labels as a
// version spells them is passed over, since nothing else depends on it.
const VALUE = fixed64Tag(2);
const TIMESTAMP = varintTag(3);
const EXEMPLAR_FIELDS = knownFields(2, 3);

/** An exemplar whose series is not known yet. */
export type ReadExemplar = Omit<Exemplar, "seriesId">;

/** How a version of remote write spells the labels of an exemplar. */
export interface ExemplarLabels {
  /**
   * Reads the field whose tag was read, when labels are in it, and tells each of them; answers
   * whether it was read.
   * @throws MalformedError
   */
  exemplarLabels(
    reader: WireReader,
    tag: number,
    end: number,
    take: (name: string, value: string) => void,
  ): boolean;
}

/**
 * Reads the exemplar that ends at `end`. Of its labels the ids of trace and span are kept.
 *
 * @param nowUs the time of one that has none
 * @throws MalformedError
 */
export function readExemplar(
  reader: WireReader,
  end: number,
  labels: ExemplarLabels,
  nowUs: number,
): ReadExemplar {
  let [value, tsMs] = [0, 0];
  const ids = new ExemplarIds();
  const take = (name: string, text: string): void => ids.take(name, text);
  while (reader.pos < end) {
    const tag = reader.tag(end);
    if (tag === VALUE) value = reader.double(end);
    else if (tag === TIMESTAMP) {
      reader.varint(end);
      tsMs = signedOf(reader.low, reader.high);
    } else if (!labels.exemplarLabels(reader, tag, end, take)) {
      reader.skip(tag, EXEMPLAR_FIELDS, end);
    }
  }
  const { traceId, spanId } = ids;
  return { tsUs: tsMs === 0 ? nowUs : tsMs * 1_000, value, traceId, spanId };
}
