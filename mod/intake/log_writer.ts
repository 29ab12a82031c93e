import type { Clock } from "../clock.ts";
import type { DictionaryBuilder } from "../columns/builders.ts";
import { cutEnd, pushCutText } from "../columns/cut_text.ts";
import { encodeUtf8 } from "../columns/utf8_text.ts";
import { KEY_REFUSED } from "../intern/attribute_keys.ts";
import { type Registries } from "../intern/registries.ts";
import { sortLabels } from "../intern/series_registry.ts";
import type { OtlpLimits } from "../otlp/limits.ts";
import { UNKNOWN_SERVICE } from "../otlp/resource_cache.ts";
import type { LogBatchBuilder } from "../signals/logs.ts";
import { processIdOf } from "../signals/process_ids.ts";
import { SEVERITY_NAMES } from "../signals/severity.ts";
import { idOfDigits, SPAN_ID_DIGITS, TRACE_ID_DIGITS } from "../signals/trace_ids.ts";
import type { Intake } from "./intake.ts";
import { notKept } from "./not_kept.ts";

/** Keys with their values as text; of a repeated key the first stays. */
export type TextAttributes = readonly (readonly [key: string, value: string])[];

/** A log record of a source that does not speak OTLP. */
export interface LogRecord {
  /** When it happened, microseconds since the Unix epoch; null when it does not say. */
  readonly tsUs: number | null;
  /** Nanoseconds past `tsUs`, 0–999. */
  readonly nsRemainder: number;
  /** 0 (unspecified) to 24 (OpenTelemetry logs data model, SeverityNumber). */
  readonly severityNumber: number;
  /** As the source wrote it; "" for the short name of the number. */
  readonly severity: string;
  readonly body: string;
  /** "" for a service that is not known. */
  readonly service: string;
  /** "" for this host. */
  readonly host: string;
  readonly pid: number | null;
  /** Hexadecimal digits of either case; what is no id is stored as NULL. */
  readonly traceId: string | null;
  readonly spanId: string | null;
  readonly attributes: TextAttributes;
  /** What is known about the sender. Records of one sender share one array: it is looked up once. */
  readonly resource: TextAttributes;
  /** Where it came in: a file's path, "journald", "syslog", … */
  readonly source: string;
  /** "" when it has none. */
  readonly eventName: string;
}

/** Records that are kept or refused as a whole. */
export interface LogWrite {
  /** Read once, while they are written; what it throws takes back those written before. */
  readonly records: Iterable<LogRecord>;
  /** Their size as they came, for admission. */
  readonly bytes: number;
  /** When they were observed, microseconds since the Unix epoch; null: now. */
  readonly observedUs?: number | null;
}

/** What was altered on its way in; every one of these is in a record that was kept. */
export interface LogAlterations {
  /** Attributes dropped: too many, key empty, repeated or too long, or the key table is full. */
  readonly droppedAttributes: number;
  /** Texts cut at their limit. */
  readonly cutTexts: number;
  /** Times too far in the past or future to be true; the time of observation stands in. */
  readonly replacedTimes: number;
}

export interface LogWriteOutcome extends LogAlterations {
  readonly accepted: number;
}

export type LogLimits = Pick<
  OtlpLimits,
  | "maxAttributes"
  | "maxKeyBytes"
  | "maxValueBytes"
  | "maxBodyBytes"
  | "maxNameBytes"
  | "minTimeUs"
  | "maxFutureMs"
>;

export interface LogWriterOptions {
  readonly intake: Pick<Intake, "admit" | "commit" | "builders">;
  readonly registries: Pick<Registries, "attributeKeys" | "resources">;
  readonly clock: Clock;
  /** The host of records that do not name theirs. */
  readonly hostName: string;
  readonly limits: LogLimits;
}

const NOTHING = new Uint8Array();

type Alterations = { -readonly [K in keyof LogAlterations]: number };

/**
 * How sources other than OTLP store log records: admission, one synchronous write into the open
 * batch, then the wait until the store has kept it.
 *
 * Nothing is refused for what a record holds: times that cannot be true are replaced, long texts
 * cut, surplus attributes dropped, all of it counted.
 */
export class LogWriter {
  readonly #options: LogWriterOptions;
  readonly #logs: LogBatchBuilder;
  // Numbers in dictionaries of the open batch: good for one write, which nothing interrupts.
  readonly #severities: TextIds;
  readonly #services: TextIds;
  readonly #hosts: TextIds;
  readonly #sources: TextIds;
  readonly #eventNames: TextIds;
  readonly #alterations: Alterations = { droppedAttributes: 0, cutTexts: 0, replacedTimes: 0 };
  #resource: TextAttributes = [];
  #resourceId = 0;

  constructor(options: LogWriterOptions) {
    this.#options = options;
    const { intake: { builders: { logs } }, limits: { maxNameBytes } } = options;
    this.#logs = logs;
    const ids = (column: DictionaryBuilder) => new TextIds(column, maxNameBytes, this.#alterations);
    this.#severities = ids(logs.severity);
    this.#services = ids(logs.service);
    this.#hosts = ids(logs.host);
    this.#sources = ids(logs.source);
    this.#eventNames = ids(logs.eventName);
  }

  /**
   * Resolves once the records are kept and visible to queries. On failure none of them is.
   * @throws HorizonError `overloaded`, `unavailable` (not kept; to be tried again), and whatever
   * reading the records throws.
   */
  async write({ records, bytes, observedUs = null }: LogWrite): Promise<LogWriteOutcome> {
    const release = this.#options.intake.admit(bytes);
    try {
      const outcome = this.#push(records, observedUs);
      if (outcome.accepted > 0) await this.#commit();
      return outcome;
    } finally {
      release();
    }
  }

  #push(records: Iterable<LogRecord>, givenObservedUs: number | null): LogWriteOutcome {
    const logs = this.#logs;
    const { clock, limits } = this.#options;
    const rowsBefore = logs.rows;
    const before = { ...this.#alterations };
    const nowUs = Math.floor(clock.nowMs() * 1_000);
    const observedUs = givenObservedUs ?? nowUs;
    const maxUs = nowUs + limits.maxFutureMs * 1_000;
    for (
      const ids of [this.#severities, this.#services, this.#hosts, this.#sources, this.#eventNames]
    ) ids.clear();
    try {
      for (const record of records) {
        this.#pushTime(record, observedUs, maxUs);
        this.#pushRecord(record);
      }
    } catch (error) {
      logs.truncate(rowsBefore);
      throw error;
    }
    const { droppedAttributes, cutTexts, replacedTimes } = this.#alterations;
    return {
      accepted: logs.rows - rowsBefore,
      droppedAttributes: droppedAttributes - before.droppedAttributes,
      cutTexts: cutTexts - before.cutTexts,
      replacedTimes: replacedTimes - before.replacedTimes,
    };
  }

  #pushTime({ tsUs, nsRemainder }: LogRecord, observedUs: number, maxUs: number): void {
    if (tsUs !== null && tsUs >= this.#options.limits.minTimeUs && tsUs <= maxUs) {
      this.#logs.pushTime(tsUs, nsRemainder, observedUs);
      return;
    }
    if (tsUs !== null) this.#alterations.replacedTimes++;
    this.#logs.pushTime(observedUs, 0, observedUs);
  }

  #pushRecord(record: LogRecord): void {
    const logs = this.#logs;
    const { hostName, limits } = this.#options;
    const known = SEVERITY_NAMES[record.severityNumber];
    logs.severityNumber.push(known === undefined ? 0 : record.severityNumber);
    this.#severities.push(record.severity || (known ?? ""));
    this.#pushText(record.body, limits.maxBodyBytes);
    this.#services.push(record.service || UNKNOWN_SERVICE);
    this.#hosts.push(record.host || hostName);
    logs.pid.push(processIdOf(record.pid));
    pushId(logs.traceId, record.traceId, TRACE_ID_DIGITS);
    pushId(logs.spanId, record.spanId, SPAN_ID_DIGITS);
    logs.droppedAttributes.push(this.#pushAttributes(record.attributes));
    logs.resourceId.push(this.#resourceIdOf(record.resource));
    logs.scopeName.pushBytes(NOTHING, 0, 0);
    logs.scopeVersion.pushBytes(NOTHING, 0, 0);
    this.#sources.push(record.source);
    if (record.eventName === "") logs.eventName.pushNull();
    else this.#eventNames.push(record.eventName);
    logs.flags.push(0);
    logs.closeRow();
  }

  #pushText(text: string, maxBytes: number): void {
    if (pushCutText(this.#logs.body, text, maxBytes)) this.#alterations.cutTexts++;
  }

  /** Answers how many were dropped. */
  #pushAttributes(attributes: TextAttributes): number {
    const { limits, registries } = this.#options;
    const out = this.#logs.attributes;
    let dropped = 0;
    for (const [key, value] of attributes) {
      const isKey = key !== "" && out.openCount < limits.maxAttributes &&
        key.length <= limits.maxKeyBytes;
      const keyId = isKey ? registries.attributeKeys.idOf(key) : KEY_REFUSED;
      if (keyId === KEY_REFUSED || out.hasKey(keyId)) {
        dropped++;
        continue;
      }
      out.pushKey(keyId);
      if (pushCutText(out.values, value, limits.maxValueBytes)) this.#alterations.cutTexts++;
    }
    this.#alterations.droppedAttributes += dropped;
    return dropped;
  }

  #resourceIdOf(resource: TextAttributes): number {
    if (resource.length === 0) return 0;
    if (resource !== this.#resource) {
      this.#resource = resource;
      this.#resourceId = this.#options.registries.resources.idOf(sortLabels(resource));
    }
    return this.#resourceId;
  }

  async #commit(): Promise<void> {
    try {
      await this.#options.intake.commit();
    } catch (error) {
      throw notKept(error, "the log records");
    }
  }
}

function pushId(column: LogBatchBuilder["traceId"], id: string | null, digits: number): void {
  const written = id === null ? null : idOfDigits(id, digits);
  if (written === null) column.pushNull();
  else column.push(written);
}

/** Texts of one dictionary column by the number they have in the open batch. */
class TextIds {
  readonly #column: DictionaryBuilder;
  readonly #maxBytes: number;
  readonly #alterations: Alterations;
  readonly #ids = new Map<string, number>();

  constructor(column: DictionaryBuilder, maxBytes: number, alterations: Alterations) {
    this.#column = column;
    this.#maxBytes = maxBytes;
    this.#alterations = alterations;
  }

  /** Forgets all numbers: they are good for one write, which bounds how many there are. */
  clear(): void {
    this.#ids.clear();
  }

  push(text: string): void {
    let id = this.#ids.get(text);
    if (id === undefined) {
      const bytes = encodeUtf8(text);
      const end = cutEnd(bytes, 0, bytes.length, this.#maxBytes);
      if (end < bytes.length) this.#alterations.cutTexts++;
      id = this.#column.idOf(bytes, 0, end);
      this.#ids.set(text, id);
    }
    this.#column.pushId(id);
  }
}
