import { INSTANCE_LABEL, JOB_LABEL } from "./label_names.ts";
import { relabel, type RelabelRule } from "./relabel.ts";

const ADDRESS = "__address__";
const SCHEME = "__scheme__";
const PATH = "__metrics_path__";
const PARAM = "__param_";
/** Labels with this prefix steer the scrape and end with it. */
const HIDDEN = "__";

/** What the targets of a job have in common. */
export interface TargetDefaults {
  readonly job: string;
  readonly scheme: string;
  readonly path: string;
  readonly params: Readonly<Record<string, readonly string[]>>;
  readonly relabel: readonly RelabelRule[];
}

/** Something to scrape. */
export interface ScrapeTarget {
  readonly url: string;
  /** What every series of it carries: job, instance, and what discovery and rules say. */
  readonly labels: ReadonlyMap<string, string>;
}

/**
 * The target at an address, after the job's rules; null when they drop it.
 * @throws Error when what they leave is no URL
 */
export function scrapeTarget(
  address: string,
  discovered: ReadonlyMap<string, string>,
  defaults: TargetDefaults,
): ScrapeTarget | null {
  const given = new Map<string, string>([
    [JOB_LABEL, defaults.job],
    [SCHEME, defaults.scheme],
    [PATH, defaults.path],
    ...Object.entries(defaults.params).map(([name, [first = ""]]): [string, string] => [
      PARAM + name,
      first,
    ]),
    ...discovered,
    [ADDRESS, address],
  ]);
  const labels = relabel(given, defaults.relabel);
  if (labels === null) return null;
  const finalAddress = labels.get(ADDRESS) ?? "";
  const visible = [...labels].filter(([name, value]) => !name.startsWith(HIDDEN) && value !== "");
  const kept = new Map(visible);
  if (!kept.has(INSTANCE_LABEL)) kept.set(INSTANCE_LABEL, finalAddress);
  return { url: urlOf(labels, finalAddress, defaults.params), labels: kept };
}

function urlOf(
  labels: ReadonlyMap<string, string>,
  address: string,
  params: TargetDefaults["params"],
): string {
  const scheme = labels.get(SCHEME) ?? "";
  if (scheme !== "http" && scheme !== "https") {
    throw new Error(`${scheme} is neither http nor https`);
  }
  if (address === "" || /[\s/?#@]/.test(address)) throw new Error(`"${address}" is no address`);
  const url = new URL(`${scheme}://${address}`);
  url.pathname = labels.get(PATH) ?? "/";
  for (const [name, values] of Object.entries(params)) {
    for (const value of values.slice(1)) url.searchParams.append(name, value);
  }
  for (const [label, value] of labels) {
    if (!label.startsWith(PARAM) || value === "") continue;
    const name = label.slice(PARAM.length);
    const others = url.searchParams.getAll(name);
    url.searchParams.delete(name);
    for (const one of [value, ...others]) url.searchParams.append(name, one);
  }
  return url.href;
}
