import type {
  RelabelConfig,
  ScrapeConfig,
  ScrapeJobConfig,
  ScrapeTlsConfig,
} from "../../mod/config/scrape_section.ts";
import { HorizonError } from "../../mod/errors.ts";
import { type RelabelRule, wholeMatch } from "../../mod/prometheus/relabel.ts";
import { VERSION } from "../../mod/version.ts";
import { ScrapeClient, type ScrapeCredentials, type Secret } from "./scrape_client.ts";
import { ScrapeJob, type ScrapeParts } from "./scrape_job.ts";

/** All scrapes. */
export interface Scraping {
  start(): void;
  /** Starts no more scrapes, and waits for those that run. */
  stop(): Promise<void>;
}

/**
 * The jobs of the configuration.
 * @throws HorizonError `invalid_argument` when a certificate cannot be read
 */
export function configuredScraping({ jobs }: ScrapeConfig, parts: ScrapeParts): Scraping {
  const clients: Deno.HttpClient[] = [];
  const running = jobs.map((job) => {
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
      targetFiles: job.target_files,
      intervalMs: job.interval_ms,
      timeoutMs: job.timeout_ms,
      honorLabels: job.honor_labels,
      honorTimestamps: job.honor_timestamps,
      metricRelabel: job.metric_relabel.map(ruleOf),
      limits: {
        samples: job.sample_limit,
        labels: job.label_limit,
        labelName: job.label_name_length_limit,
        labelValue: job.label_value_length_limit,
      },
      maxTargets: job.target_limit,
      client: new ScrapeClient({
        headers: job.headers,
        credentials: credentialsOf(job),
        http,
        timeoutMs: job.timeout_ms,
        maxBytes: job.body_size_limit_bytes,
        userAgent: `horizon/${VERSION}`,
      }),
    }, parts);
  });
  return {
    start: () => running.forEach((job) => job.start()),
    stop: async () => {
      await Promise.all(running.map((job) => job.stop()));
      for (const client of clients) client.close();
    },
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
