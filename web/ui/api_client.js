// @ts-check
/// <reference lib="dom" />
/** The server's HTTP API as the page uses it. */

/**
 * @typedef {null | boolean | number | string | readonly unknown[] | { readonly [key: string]: unknown }} SqlValue
 * @typedef {{ name: string, type: string }} SqlColumn
 * @typedef {object} SqlResult
 * @property {SqlColumn[]} columns
 * @property {SqlValue[][]} rows
 * @property {number} row_count
 * @property {boolean} truncated
 * @property {number} elapsed_ms
 *
 * @typedef {{ label: string, op: "=" | "!=" | "=~" | "!~", value: string }} LabelMatch
 * @typedef {object} MetricQuestion To `/api/metrics/query`; see docs/api.md.
 * @property {string} name
 * @property {readonly LabelMatch[]} match
 * @property {string} start milliseconds since the Unix epoch
 * @property {string} end
 * @property {number} step_ms
 * @property {"avg" | "last" | "timestamp"} fn
 *
 * @typedef {object} MetricAnswer
 * @property {string} name
 * @property {number} start_ms
 * @property {number} step_ms longer than asked for where only a coarser rollup is left
 * @property {number} points
 * @property {{ labels: Readonly<Record<string, string>>, values: (number | null)[] }[]} series
 *
 * @typedef {object} ProcessEntry
 * @property {string} [id] for {@link ApiClient.process}
 * @property {number} pid
 * @property {number} ppid
 * @property {string} name
 * @property {string | null} service
 * @property {string | null} user
 * @property {string | null} state
 * @property {string | null} executable
 * @property {string | null} command_line
 * @property {string | null} start_time
 * @property {number | null} cpu_ratio 1 = one core
 * @property {number | null} rss_bytes
 * @property {number | null} virtual_bytes
 * @property {number | null} pss_bytes
 * @property {number | null} threads
 * @property {number | null} open_fds
 * @property {number | null} fd_limit
 * @property {number | null} read_bytes_per_second
 * @property {number | null} write_bytes_per_second
 * @property {string | null} [exited_at] when it was found gone
 *
 * @typedef {{ processes: ProcessEntry[], ts: string | null }} ProcessList
 *
 * @typedef {object} CrashEntry
 * @property {string} id for {@link ApiClient.crash}
 * @property {string} ts
 * @property {string} process_id
 * @property {number} pid
 * @property {string} name
 * @property {string | null} service
 * @property {string} cause
 * @property {number | null} exit_code
 * @property {string | null} signal
 * @property {string} message
 * @property {string[]} evidence
 *
 * @typedef {"metrics" | "logs" | "spans" | "events" | "host"} CrashTableName
 * @typedef {{ columns: string[], rows: SqlValue[][], truncated: boolean, problem: string | null }} CrashTable
 * @typedef {object} CrashParts All that was kept besides the entry.
 * @property {Readonly<Record<string, string | number | null>>} process as it was seen last
 * @property {Readonly<Record<string, ResourceLimit>>} limits
 * @property {Readonly<Record<string, number>>} limit_shares
 * @property {Readonly<Record<string, string>>} open_files by number
 * @property {boolean} more_open_files
 * @property {string | null} last_sight when limits and open files were seen
 * @property {Readonly<Record<CrashTableName, CrashTable>>} tables
 *
 * @typedef {CrashEntry & CrashParts} CrashBundle
 *
 * @typedef {{ soft: number | null, hard: number | null, unit: string }} ResourceLimit
 * @typedef {ResourceLimit & { used_ratio: number | null }} ProcessLimit
 * @typedef {object} ProcessRecordData
 * @property {ProcessEntry | null} process null once it has ended
 * @property {ProcessEntry | null} ended its row of the view `processes` once it has ended
 * @property {{ pid: number, name: string }[]} ancestors
 * @property {Readonly<Record<string, ProcessLimit>>} limits
 * @property {Readonly<Record<string, SqlValue>>[]} events newest first
 * @property {Readonly<Record<string, SqlValue>>[]} runs
 * @property {CrashEntry[]} crashes
 *
 * @typedef {object} ServerInfo
 * @property {string} version
 * @property {string} hostname
 * @property {number} pid
 * @property {number} uptime_s of Horizon
 * @property {number} rss_bytes
 * @property {number} cpu_seconds used since its start
 * @typedef {object} IngestSource
 * @property {string} kind
 * @property {string} name
 * @property {Readonly<Record<string, { requests: number, accepted: number, rejected: Record<string, number> }>>} signals
 * @property {Readonly<Record<string, number>>} refused
 * @property {number} rate_per_second
 * @property {number | null} lag_ms
 * @property {number} errors
 * @property {{ time: string, message: string } | null} last_problem
 * @property {string | null} last_accepted
 * @property {string | null} paused
 *
 * @typedef {object} IngestSink A receiver that rows are sent on to.
 * @property {string} name
 * @property {number} sent_rows
 * @property {Record<string, number>} dropped_rows
 * @property {number} retries
 * @property {string | null} last_partial_answer
 * @property {number} queued_bytes
 * @property {number} max_queue_bytes
 * @property {string | null} problem
 *
 * @typedef {object} IngestState
 * @property {{ pending_bytes: number, max_pending_bytes: number, refused_requests: number, failed_appends: number, kept_rows: Record<string, number> }} intake
 * @property {{ open: number, buffered_bytes: number, refused: Record<string, number> }} bodies
 * @property {{ sinks: IngestSink[] }} pipeline
 * @property {IngestSource[]} sources
 * @property {number} unlisted_sources
 *
 * @typedef {object} StoredRows What is stored of a signal, or of a rollup.
 * @property {number} rows
 * @property {number} chunks
 * @property {{ open: number, closed: number, sealed: number }} chunk_states
 * @property {number} bytes
 * @property {{ ratio: number | null }} compression
 * @property {string | null} min_ts
 * @property {number} retention_ms
 *
 * @typedef {object} StorageDisk
 * @property {string} path
 * @property {number} bytes
 * @property {number} budget_bytes
 * @property {number} files
 * @property {string | null} problem
 * @property {number} failed_writes
 * @property {number} layout_version
 * @property {string} fsync
 * @property {number} syncs
 * @property {number} unsynced_bytes
 * @property {number} waiting_rows
 * @property {number} waiting_bytes
 * @property {number} unlogged_rows
 * @property {number} quarantined_files
 * @property {{ rows: number, elapsed_ms: number, lost_stretches: number, lost_bytes: number, left_on_disk: number, set_aside: number }} recovery
 *
 * @typedef {{ name: string, looked_at: number, labels: { key: string, values: number, series: number }[] }} MetricLabels
 * @typedef {object} StorageState
 * @property {number} bytes
 * @property {number} budget_bytes
 * @property {(StoredRows & { signal: string })[]} signals
 * @property {(StoredRows & { rollup: string })[]} rollups
 * @property {{ what: string, reason: string, count: number }[]} drops
 * @property {StorageDisk | null} disk null in memory only
 * @property {{ count: number, last: { ts: string, reason: string, emptied: boolean } | null }} restarts
 * @property {{ live: number, retired: number, refused: Record<string, number>, by_metric: { name: string, series: number, refused: number }[], metric: MetricLabels | null }} series
 *
 * @typedef {"healthy" | "degraded" | "unhealthy" | "unknown"} HealthState
 * @typedef {{ ts: string, state: HealthState, latency_ms: number }} CheckPoint
 * @typedef {object} CheckStatus
 * @property {string} name
 * @property {string | null} service null: it speaks for the host
 * @property {string} role
 * @property {string} kind
 * @property {HealthState} state
 * @property {string | null} since
 * @property {boolean} flapping
 * @property {string} reason
 * @property {number} interval_ms
 * @property {number} runs
 * @property {number} timeouts
 * @property {number} skipped
 * @property {(CheckPoint & { message: string, output: string | null }) | null} last
 * @property {CheckPoint[]} recent oldest first
 * @property {{ ts: string, from: HealthState, to: HealthState, message: string }[]} changes oldest first
 *
 * @typedef {object} WatchedHealth What Horizon watches, not Horizon itself.
 * @property {{ state: HealthState, reasons: string[] }} host
 * @property {{ service: string, state: HealthState, reasons: string[], checks: string[] }[]} services
 * @property {CheckStatus[]} checks
 * @typedef {{ status: string, checks: { name: string, status: string, message?: string }[] }} Health
 *
 * @typedef {object} SqlOptions
 * @property {readonly (null | boolean | number | string)[]} [params] values for `?`, in order
 * @property {number} [maxRows]
 * @property {number} [timeoutMs]
 * @property {AbortSignal} [signal]
 */

/** A refusal by the server, or `code: "unreachable"` when it did not answer. */
export class ApiError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   * @param {number} status HTTP status, 0 when there was no answer
   * @param {unknown} [details]
   */
  constructor(code, message, status, details = null) {
    super(message);
    this.name = "ApiError";
    this.code = code;
    this.status = status;
    this.details = details;
  }
}

/**
 * @param {unknown} error
 * @returns {boolean} whether the caller itself gave up
 */
export function isAbort(error) {
  return error instanceof DOMException && error.name === "AbortError";
}

/**
 * @param {unknown} error
 * @returns {string} one sentence to show
 */
export function errorText(error) {
  return error instanceof Error ? error.message : String(error);
}

/**
 * Asks the server, with the token where one is needed. When the server answers 401, `askToken` is asked for one and
 * the request is made once more with it.
 */
export class ApiClient {
  #base;
  #token;
  #askToken;
  #onReachable;

  /**
   * @param {object} options
   * @param {string} options.base URL that the paths below are relative to
   * @param {() => string | null} options.token the current bearer token
   * @param {(refused: string | null) => Promise<string | null>} options.askToken told which token was refused;
   *   null when the user gave up
   * @param {(reachable: boolean) => void} options.onReachable told after each request whether the server answered
   */
  constructor({ base, token, askToken, onReachable }) {
    this.#base = base;
    this.#token = token;
    this.#askToken = askToken;
    this.#onReachable = onReachable;
  }

  /**
   * Runs one SELECT.
   * @param {string} query
   * @param {SqlOptions} [options]
   * @returns {Promise<SqlResult>}
   */
  async sql(query, { params, maxRows, timeoutMs, signal } = {}) {
    const response = await this.#request("/api/sql", {
      method: "POST",
      signal,
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        query,
        ...(params === undefined ? {} : { params }),
        ...(maxRows === undefined ? {} : { max_rows: maxRows }),
        ...(timeoutMs === undefined ? {} : { timeout_ms: timeoutMs }),
        format: "json",
      }),
    });
    return /** @type {SqlResult} */ (await response.json());
  }

  /**
   * Runs a function over windows of a metric.
   * @param {MetricQuestion} question
   * @param {AbortSignal} [signal]
   * @returns {Promise<MetricAnswer>}
   */
  async metrics(question, signal) {
    const response = await this.#request("/api/metrics/query", {
      method: "POST",
      signal,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(question),
    });
    return /** @type {MetricAnswer} */ (await response.json());
  }

  /**
   * Runs one SELECT and gives its whole result as a file.
   * @param {string} query
   * @param {"csv" | "json" | "jsonl"} format
   * @param {AbortSignal} [signal]
   * @returns {Promise<Blob>}
   */
  async sqlFile(query, format, signal) {
    const response = await this.#request("/api/sql", {
      method: "POST",
      signal,
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ query, format }),
    });
    return await response.blob();
  }

  /**
   * @param {AbortSignal} [signal]
   * @returns {Promise<ProcessList>}
   */
  async processes(signal) {
    const response = await this.#request("/api/processes", { signal });
    return /** @type {ProcessList} */ (await response.json());
  }

  /**
   * @param {string} id
   * @param {AbortSignal} [signal]
   * @returns {Promise<ProcessRecordData>}
   */
  async process(id, signal) {
    const response = await this.#request(`/api/processes/${encodeURIComponent(id)}`, { signal });
    return /** @type {ProcessRecordData} */ (await response.json());
  }

  /**
   * @param {AbortSignal} [signal]
   * @returns {Promise<CrashEntry[]>} newest first
   */
  async crashes(signal) {
    const response = await this.#request("/api/crashes", { signal });
    return /** @type {{ crashes: CrashEntry[] }} */ (await response.json()).crashes;
  }

  /**
   * @param {string} id
   * @param {AbortSignal} [signal]
   * @returns {Promise<CrashBundle>}
   */
  async crash(id, signal) {
    const response = await this.#request(`/api/crashes/${encodeURIComponent(id)}`, { signal });
    return /** @type {CrashBundle} */ (await response.json());
  }

  /**
   * @param {string} id
   * @returns {Promise<Blob>} a tar.gz
   */
  async crashArchive(id) {
    const response = await this.#request(`/api/crashes/${encodeURIComponent(id)}/archive`, {});
    return await response.blob();
  }

  /**
   * @param {AbortSignal} [signal]
   * @returns {Promise<IngestState>}
   */
  async ingest(signal) {
    const response = await this.#request("/api/ingest", { signal });
    return /** @type {IngestState} */ (await response.json());
  }

  /**
   * @param {{ names: number, metric: string }} asked `metric`: whose labels; empty for none
   * @param {AbortSignal} [signal]
   * @returns {Promise<StorageState>}
   */
  async storage({ names, metric }, signal) {
    const query = new URLSearchParams({ names: String(names) });
    if (metric !== "") query.set("metric", metric);
    const response = await this.#request(`/api/storage?${query}`, { signal });
    return /** @type {StorageState} */ (await response.json());
  }

  /**
   * @param {AbortSignal} [signal]
   * @returns {Promise<ServerInfo>}
   */
  async info(signal) {
    const response = await this.#request("/api/info", { signal });
    return /** @type {ServerInfo} */ (await response.json());
  }

  /**
   * @param {AbortSignal} [signal]
   * @returns {Promise<WatchedHealth>}
   */
  async checks(signal) {
    const response = await this.#request("/api/health", { signal });
    return /** @type {WatchedHealth} */ (await response.json());
  }

  /**
   * Runs a check out of its turn, and waits until it has run.
   * @param {string} name
   * @param {AbortSignal} [signal]
   * @returns {Promise<void>}
   */
  async runCheck(name, signal) {
    const path = `/api/health/${encodeURIComponent(name)}/run`;
    const response = await this.#request(path, { method: "POST", signal });
    await response.body?.cancel();
  }

  /**
   * Answers also when the state is bad, which the server tells with status 503.
   * @param {AbortSignal} [signal]
   * @returns {Promise<Health>}
   */
  async health(signal) {
    const response = await this.#request("/healthz", { signal }, [503]);
    return /** @type {Health} */ (await response.json());
  }

  /**
   * Tries a token with one request.
   * @param {string} token
   * @returns {Promise<string | null>} why it was not taken, null when it was
   */
  async tokenProblem(token) {
    try {
      const response = await this.#send("/api/info", {}, token);
      if (response.ok) {
        await response.body?.cancel();
        return null;
      }
      return errorText(await refusal(response));
    } catch (error) {
      return errorText(error);
    }
  }

  /**
   * @param {string} path
   * @param {{ method?: string, headers?: Record<string, string>, body?: string, signal?: AbortSignal | undefined }} init
   * @param {readonly number[]} [accepted] statuses that are answers as well
   * @returns {Promise<Response>}
   */
  async #request(path, init, accepted = []) {
    const token = this.#token();
    const response = await this.#send(path, init, token);
    if (response.ok || accepted.includes(response.status)) return response;
    if (response.status !== 401) throw await refusal(response);
    const given = await this.#askToken(token);
    if (given === null) throw await refusal(response);
    await response.body?.cancel();
    const second = await this.#send(path, init, given);
    if (second.ok || accepted.includes(second.status)) return second;
    throw await refusal(second);
  }

  /**
   * @param {string} path
   * @param {{ method?: string, headers?: Record<string, string>, body?: string, signal?: AbortSignal | undefined }} init
   * @param {string | null} token
   * @returns {Promise<Response>}
   */
  async #send(path, { method, headers, body, signal }, token) {
    try {
      const response = await fetch(new URL(path, this.#base), {
        method: method ?? "GET",
        headers: { ...headers, ...(token === null ? {} : { authorization: `Bearer ${token}` }) },
        ...(body === undefined ? {} : { body }),
        ...(signal === undefined ? {} : { signal }),
      });
      this.#onReachable(true);
      return response;
    } catch (error) {
      if (isAbort(error)) throw error;
      this.#onReachable(false);
      throw new ApiError("unreachable", "Horizon does not answer. Is it still running?", 0);
    }
  }
}

/**
 * @param {Response} response
 * @returns {Promise<ApiError>}
 */
async function refusal(response) {
  const text = await response.text();
  const parsed = parseError(text);
  if (parsed !== null) {
    return new ApiError(parsed.code, parsed.message, response.status, parsed.details);
  }
  return new ApiError("internal", `the server answered ${response.status}`, response.status);
}

/**
 * @param {string} text
 * @returns {{ code: string, message: string, details: unknown } | null}
 */
function parseError(text) {
  try {
    const { error } =
      /** @type {{ error?: { code?: unknown, message?: unknown, details?: unknown } }} */ (
        JSON.parse(text)
      );
    if (typeof error?.code !== "string" || typeof error.message !== "string") return null;
    return { code: error.code, message: error.message, details: error.details ?? null };
  } catch {
    // Not the API's own answer but, say, a proxy's page: the status says enough.
    return null;
  }
}
