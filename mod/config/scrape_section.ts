import { z } from "zod";
import { RELABEL_ACTIONS, type RelabelAction, wholeMatch } from "../prometheus/relabel.ts";
import { contradiction, whenRight } from "./contradiction.ts";
import { absolutePath, ALLOWED, choice, count, duration, flag, size, text } from "./scalars.ts";

/** A rule of relabelling, with the names that Prometheus' configuration has. */
export interface RelabelConfig {
  readonly action: RelabelAction;
  readonly source_labels: readonly string[];
  readonly separator: string;
  readonly regex: string;
  readonly target_label: string;
  readonly replacement: string;
}

export interface BasicAuthConfig {
  readonly username: string;
  readonly password: string | null;
  readonly password_file: string | null;
}

/** PEM files; read at start. */
export interface ScrapeTlsConfig {
  readonly ca_file: string | null;
  readonly cert_file: string | null;
  readonly key_file: string | null;
}

/** Targets that are scraped alike. */
export interface ScrapeJobConfig {
  readonly name: string;
  /** `host:port`. */
  readonly targets: readonly string[];
  /** Files that list more of them. */
  readonly target_files: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly interval_ms: number;
  /** Of one scrape; never longer than the interval. */
  readonly timeout_ms: number;
  readonly scheme: "http" | "https";
  readonly path: string;
  readonly params: Readonly<Record<string, readonly string[]>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly bearer_token: string | null;
  readonly bearer_token_file: string | null;
  readonly basic_auth: BasicAuthConfig | null;
  readonly tls: ScrapeTlsConfig;
  readonly honor_labels: boolean;
  readonly honor_timestamps: boolean;
  readonly relabel: readonly RelabelConfig[];
  readonly metric_relabel: readonly RelabelConfig[];
  readonly sample_limit: number;
  readonly label_limit: number;
  readonly label_name_length_limit: number;
  readonly label_value_length_limit: number;
  readonly body_size_limit_bytes: number;
  readonly target_limit: number;
}

/** `scrape`: Prometheus targets that Horizon reads. */
export interface ScrapeConfig {
  readonly jobs: readonly ScrapeJobConfig[];
}

/** As they are written in the file. */
export const SCRAPE_DEFAULTS = {
  interval: "15s",
  timeout: "10s",
  scheme: "http",
  path: "/metrics",
  honor_labels: false,
  honor_timestamps: true,
  sample_limit: 50_000,
  label_limit: 64,
  label_name_length_limit: 256,
  label_value_length_limit: 2_048,
  body_size_limit: "64MiB",
  target_limit: 1_000,
} as const;

const MAX_JOBS = 256;
const MAX_TARGETS = 1_000;
const MAX_RULES = 256;
const MAX_PAIRS = 64;

const LabelName = text(256, "a label's name: letters, digits and underscores")
  .refine((name) => /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name), { error: "is not a label's name" });

function list<T>(
  item: z.ZodType<T, unknown>,
  max: number,
): z.ZodPrefault<z.ZodArray<z.ZodType<T, unknown>>> {
  return z.array(item, { error: "is not a list" }).max(max, {
    error: `has more than ${max} entries`,
  }).prefault([]);
}

function pairs<T>(key: z.ZodType<string, string>, value: z.ZodType<T, unknown>, allowed: string) {
  const error = (issue: { code?: string }) =>
    issue.code === "invalid_key" ? "has a name that is not allowed" : "is not a mapping";
  return z.record(key, value, { error }).meta({ [ALLOWED]: allowed })
    .refine((record) => Object.keys(record).length <= MAX_PAIRS, {
      error: `has more than ${MAX_PAIRS} entries`,
    }).prefault({});
}

const Regex = text(1_024, "a regular expression").refine(isRegex, {
  error: "is not a regular expression",
});

const Rule = z.strictObject({
  action: choice(RELABEL_ACTIONS).prefault("replace").describe("What the rule does."),
  source_labels: list(text(256, "a label's name"), MAX_PAIRS)
    .describe("Labels whose values, joined, the rule looks at."),
  separator: z.string({ error: "is not text" }).max(64).prefault(";")
    .describe("What joins the values."),
  regex: Regex.prefault("(.*)").describe("Must match the whole text (JavaScript, `u` flag)."),
  target_label: z.string({ error: "is not text" }).max(256).prefault("")
    .describe("The label that is written or compared with."),
  replacement: z.string({ error: "is not text" }).max(1_024).prefault("$1")
    .describe("What is written; $1 and ${name} stand for groups of the match."),
}).superRefine(({ action, target_label }, ctx) => {
  const wants = ["replace", "lowercase", "uppercase", "keepequal", "dropequal"].includes(action);
  if (wants && target_label === "") {
    contradiction(ctx, ["target_label"], `is missing, ${action} needs it`, "a label's name");
  }
}, whenRight("action", "target_label"));

const BasicAuth = z.strictObject({
  username: text(256, "a user's name").describe("Name of the user."),
  password: text(1_024, "a password").nullable().prefault(null).describe("The password itself."),
  password_file: absolutePath().nullable().prefault(null)
    .describe("File that holds the password; read before each scrape."),
}).superRefine(({ password, password_file }, ctx) => {
  if (password !== null && password_file !== null) {
    contradiction(ctx, ["password_file"], "stands beside password", "one of both");
  }
}, whenRight("password", "password_file"));

const Tls = z.strictObject({
  ca_file: absolutePath().nullable().prefault(null)
    .describe("Certificates that sign the target's, in PEM."),
  cert_file: absolutePath().nullable().prefault(null)
    .describe("Certificate that Horizon shows, in PEM."),
  key_file: absolutePath().nullable().prefault(null).describe("Its private key, in PEM."),
}).superRefine(({ cert_file, key_file }, ctx) => {
  if ((cert_file === null) !== (key_file === null)) {
    contradiction(ctx, ["key_file"], "and cert_file belong together", "both, or none");
  }
}, whenRight("cert_file", "key_file"));

const Target = text(512, "HOST:PORT, such as 127.0.0.1:9100")
  .refine((target) => /^(\[[0-9a-fA-F:.]+\]|[^\s/?#@[\]:]+)(:\d{1,5})?$/.test(target), {
    error: "is not an address",
  });

const Job = z
  .strictObject({
    name: text(128, "the job's name").describe("Name of the job; the label job of its series."),
    targets: list(Target, MAX_TARGETS).describe("Addresses to scrape."),
    target_files: list(absolutePath(), MAX_PAIRS)
      .describe("JSON or YAML files with targets, as Prometheus' file discovery has them."),
    labels: pairs(LabelName, text(2_048, "a label's value"), "a mapping of labels to values")
      .describe("Labels of all series of targets listed here."),
    interval: duration("100ms", "1d").prefault(SCRAPE_DEFAULTS.interval)
      .describe("Time between two scrapes."),
    timeout: duration("10ms", "1d").optional()
      .describe("How long one scrape may take. Default: 10s, or the interval if shorter."),
    scheme: choice(["http", "https"]).prefault(SCRAPE_DEFAULTS.scheme)
      .describe("How to speak to the targets."),
    path: text(2_048, "a path, such as /metrics").refine((path) => path.startsWith("/"), {
      error: "does not begin with /",
    }).prefault(SCRAPE_DEFAULTS.path).describe("Path of the metrics."),
    params: pairs(
      text(256, "a parameter's name"),
      list(text(2_048, "a value"), MAX_PAIRS),
      "a mapping of names to lists of values",
    ).describe("Query parameters."),
    headers: pairs(
      text(256, "a header's name").refine((name) => /^[!#$%&'*+.^_`|~\w-]+$/.test(name), {
        error: "is not a header's name",
      }),
      text(4_096, "a header's value"),
      "a mapping of names to values",
    ).describe("Further headers of the request."),
    bearer_token: text(4_096, "a token").nullable().prefault(null)
      .describe("Token to send; rather use bearer_token_file."),
    bearer_token_file: absolutePath().nullable().prefault(null)
      .describe("File that holds the token; read before each scrape."),
    basic_auth: BasicAuth.nullable().prefault(null).describe("User and password to send."),
    tls: Tls.prefault({}).describe("Certificates, for scheme https."),
    honor_labels: flag().prefault(SCRAPE_DEFAULTS.honor_labels)
      .describe("Keep the target's labels where they clash with job, instance and the like."),
    honor_timestamps: flag().prefault(SCRAPE_DEFAULTS.honor_timestamps)
      .describe("Take timestamps that the target gives."),
    relabel: list(Rule, MAX_RULES).describe("Rules for the labels of targets, before scraping."),
    metric_relabel: list(Rule, MAX_RULES).describe("Rules for the labels of what was scraped."),
    sample_limit: count(1, 1_000_000).prefault(SCRAPE_DEFAULTS.sample_limit)
      .describe("Samples of one scrape, after metric_relabel; past it the scrape fails."),
    label_limit: count(1, 1_024).prefault(SCRAPE_DEFAULTS.label_limit)
      .describe("Labels of a series; past it the scrape fails."),
    label_name_length_limit: count(1, 65_536).prefault(SCRAPE_DEFAULTS.label_name_length_limit)
      .describe("Characters of a label's name; past it the scrape fails."),
    label_value_length_limit: count(1, 65_536).prefault(SCRAPE_DEFAULTS.label_value_length_limit)
      .describe("Characters of a label's value; past it the scrape fails."),
    body_size_limit: size("1KiB", "256MiB").prefault(SCRAPE_DEFAULTS.body_size_limit)
      .describe("Bytes of an answer, decompressed; past it the scrape fails."),
    target_limit: count(1, MAX_TARGETS).prefault(SCRAPE_DEFAULTS.target_limit)
      .describe("Targets of the job; more are left out and told."),
  })
  .superRefine(({ interval, timeout }, ctx) => {
    if (timeout !== undefined && timeout > interval) {
      contradiction(ctx, ["timeout"], "is longer than interval", "a duration up to interval");
    }
  }, whenRight("interval", "timeout"))
  .superRefine(({ bearer_token, bearer_token_file, basic_auth }, ctx) => {
    const given = [bearer_token, bearer_token_file, basic_auth].filter((one) => one !== null);
    if (given.length > 1) {
      contradiction(
        ctx,
        ["basic_auth"],
        "bearer_token and bearer_token_file exclude each other",
        "one of the three",
      );
    }
  }, whenRight("bearer_token", "bearer_token_file", "basic_auth"))
  .transform(({ interval, timeout, body_size_limit, ...rest }): ScrapeJobConfig => ({
    ...rest,
    interval_ms: interval,
    timeout_ms: timeout ?? Math.min(interval, 10_000),
    body_size_limit_bytes: body_size_limit,
  }));

/** A job in which nothing is said but its name. */
export const ScrapeJobDefaults: z.ZodType<ScrapeJobConfig> = Job;

export const ScrapeSection: z.ZodType<ScrapeConfig> = z
  .strictObject({
    jobs: list(Job, MAX_JOBS).describe("What is scraped, and how."),
  })
  .superRefine(({ jobs }, ctx) => {
    jobs.forEach(({ name }, i) => {
      if (jobs.findIndex((other) => other.name === name) === i) return;
      const message = "is the name of an earlier job";
      contradiction(ctx, ["jobs", i, "name"], message, "a name of its own");
    });
  }, whenRight("jobs"))
  .describe("Prometheus targets that Horizon reads.");

function isRegex(pattern: string): boolean {
  try {
    wholeMatch(pattern);
    return true;
  } catch {
    return false;
  }
}
