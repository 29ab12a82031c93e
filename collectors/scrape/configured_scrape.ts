import type { ProcessGroupConfig } from "../../mod/config/processes_section.ts";
import {
  type RelabelConfig,
  type ScrapeConfig,
  type ScrapeJobConfig,
  ScrapeJobDefaults,
  type ScrapeTlsConfig,
} from "../../mod/config/scrape_section.ts";
import { HorizonError } from "../../mod/errors.ts";
import { type RelabelRule, wholeMatch } from "../../mod/prometheus/relabel.ts";
import type { ScrapeLimits } from "../../mod/prometheus/scrape_decoder.ts";
import { VERSION } from "../../mod/version.ts";
import { ProcessPorts } from "./process_ports.ts";
import { ProcessTargets, type ScrapedProcess } from "./process_targets.ts";
import { ScrapeClient, type ScrapeCredentials, type Secret } from "./scrape_client.ts";
import { TargetFiles } from "./target_files.ts";
import { ScrapeJob, type ScrapeParts } from "./scrape_job.ts";

const USER_AGENT = `horizon/${VERSION}`;

/** All scrapes. */
export interface Scraping {
  start(): void;
  /** Starts no more scrapes, and waits for those that run. */
  stop(): Promise<void>;
}

/** Processes whose groups want to be scraped. */
export interface ScrapedProcesses {
  readonly groups: readonly ProcessGroupConfig[];
  readonly procRoot: string;
  readonly rows: () => readonly ScrapedProcess[];
}

/**
 * The jobs of the configuration, and one for each group of processes that is scraped.
 * @throws HorizonError `invalid_argument` when a certificate cannot be read
 */
export function configuredScraping(
  { jobs }: ScrapeConfig,
  processes: ScrapedProcesses,
  parts: ScrapeParts,
): Scraping {
  const clients: Deno.HttpClient[] = [];
  const configured = jobs.map((job) => {
    const http = httpClient(job);
    if (http !== null) clients.push(http);
    return new ScrapeJob({
      defaults: {
        job: job.name,
        scheme: job.scheme,
        path: job.path,
        params: job.params,
        relabel: job.relabel.map(ruleOf),
      },
      targets: { targets: job.targets, labels: new Map(Object.entries(job.labels)) },
      discovery: job.target_files.length === 0 ? null : new TargetFiles(job.target_files),
      intervalMs: job.interval_ms,
      timeoutMs: job.timeout_ms,
      honorLabels: job.honor_labels,
      honorTimestamps: job.honor_timestamps,
      metricRelabel: job.metric_relabel.map(ruleOf),
      limits: limitsOf(job),
      maxTargets: job.target_limit,
      client: new ScrapeClient({
        headers: job.headers,
        credentials: credentialsOf(job),
        http,
        timeoutMs: job.timeout_ms,
        maxBytes: job.body_size_limit_bytes,
        userAgent: USER_AGENT,
      }),
    }, parts);
  });
  const running = [...configured, ...processJobs(processes, parts)];
  return {
    start: () => running.forEach((job) => job.start()),
    stop: async () => {
      await Promise.all(running.map((job) => job.stop()));
      for (const client of clients) client.close();
    },
  };
}

function processJobs(
  { groups, procRoot, rows }: ScrapedProcesses,
  parts: ScrapeParts,
): ScrapeJob[] {
  const ports = new ProcessPorts(procRoot);
  return groups.flatMap(({ service, scrape }) => {
    if (scrape === null) return [];
    const defaults = ScrapeJobDefaults.parse({ name: service });
    const timeoutMs = Math.min(scrape.interval_ms, defaults.timeout_ms);
    const client = new ScrapeClient({
      headers: {},
      credentials: { kind: "none" },
      http: null,
      timeoutMs,
      maxBytes: defaults.body_size_limit_bytes,
      userAgent: USER_AGENT,
    });
    return new ScrapeJob({
      defaults: { job: service, scheme: "http", path: scrape.path, params: {}, relabel: [] },
      targets: { targets: [], labels: new Map() },
      discovery: new ProcessTargets({
        service,
        ports: scrape.ports,
        path: scrape.path,
        processes: rows,
        portsOf: (pid) => ports.of(pid),
        client,
        clock: parts.clock,
      }),
      intervalMs: scrape.interval_ms,
      timeoutMs,
      honorLabels: defaults.honor_labels,
      honorTimestamps: defaults.honor_timestamps,
      metricRelabel: [],
      limits: limitsOf(defaults),
      maxTargets: defaults.target_limit,
      client,
    }, parts);
  });
}

function limitsOf(job: ScrapeJobConfig): ScrapeLimits {
  return {
    samples: job.sample_limit,
    labels: job.label_limit,
    labelName: job.label_name_length_limit,
    labelValue: job.label_value_length_limit,
  };
}

function ruleOf(rule: RelabelConfig): RelabelRule {
  return {
    action: rule.action,
    sourceLabels: rule.source_labels,
    separator: rule.separator,
    regex: wholeMatch(rule.regex),
    targetLabel: rule.target_label,
    replacement: rule.replacement,
  };
}

function credentialsOf(
  { bearer_token, bearer_token_file, basic_auth }: ScrapeJobConfig,
): ScrapeCredentials {
  if (bearer_token !== null) return { kind: "bearer", token: { value: bearer_token } };
  if (bearer_token_file !== null) return { kind: "bearer", token: { file: bearer_token_file } };
  if (basic_auth === null) return { kind: "none" };
  const { username, password, password_file } = basic_auth;
  const secret: Secret = password_file === null
    ? { value: password ?? "" }
    : { file: password_file };
  return { kind: "basic", username, password: secret };
}

function httpClient({ name, tls }: ScrapeJobConfig): Deno.HttpClient | null {
  if (tls.ca_file === null && tls.cert_file === null) return null;
  try {
    return Deno.createHttpClient(certificates(tls));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new HorizonError(
      "invalid_argument",
      `certificates of the scrape job ${name} cannot be used: ${message}`,
    );
  }
}

function certificates({ ca_file, cert_file, key_file }: ScrapeTlsConfig) {
  return {
    ...ca_file === null ? {} : { caCerts: [Deno.readTextFileSync(ca_file)] },
    ...cert_file === null || key_file === null
      ? {}
      : { cert: Deno.readTextFileSync(cert_file), key: Deno.readTextFileSync(key_file) },
  };
}
