import type { SeriesIdentity } from "../intake/sample_writer.ts";

/** The label that holds a metric's name. */
export const NAME_LABEL = "__name__";
export const JOB_LABEL = "job";
export const INSTANCE_LABEL = "instance";
/** Upper bound of a classic histogram's bucket. */
export const BUCKET_LABEL = "le";
/** Labels that name a service better than the scrape job does, best first. */
const SERVICE_LABELS = ["service.name", "service_name", JOB_LABEL];

/** A label set in Prometheus' manner: the name is one of the labels, an empty value is none. */
export function seriesLabels(
  pairs: Iterable<readonly [name: string, value: string]>,
): Pick<SeriesIdentity, "name" | "labels" | "service"> {
  const labels = new Map(pairs);
  const name = labels.get(NAME_LABEL) ?? "";
  labels.delete(NAME_LABEL);
  for (const [label, value] of labels) if (value === "") labels.delete(label);
  const service = SERVICE_LABELS.map((label) => labels.get(label)).find((one) => one !== undefined);
  return { name, labels, service: service ?? "" };
}
