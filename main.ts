import process from "node:process";
import { hostname } from "node:os";
import { startOtlpGrpc } from "./collectors/otlp_grpc/otlp_grpc_server.ts";
import { buildCollectors } from "./collectors/collectors.ts";
import { runExec } from "./collectors/exec/run_exec.ts";
import { configuredCollectors } from "./collectors/configured_collectors.ts";
import { buildHealth, recallHealth } from "./collectors/health/configured_health.ts";
import { readMemoryLimit } from "./collectors/host/memory_limit.ts";
import { startReceivers } from "./collectors/receivers/receivers.ts";
import { configuredLogs } from "./collectors/logs/configured_logs.ts";
import { Scheduler, systemTimers } from "./collectors/scheduler.ts";
import { configuredScraping, type Scraping } from "./collectors/scrape/configured_scrape.ts";
import { parseCommandLine } from "./mod/cli/parse_command_line.ts";
import { runClientCommand } from "./mod/cli/run_client_command.ts";
import type { CliIo, ExitCode } from "./mod/cli/command.ts";
import { systemClock as clock } from "./mod/clock.ts";
import { formatProblems } from "./mod/config/config_problem.ts";
import { formatListenAddress, type ListenAddress } from "./mod/config/listen_address.ts";
import { loadConfig } from "./mod/config/load_config.ts";
import { memoryBudgetBytes } from "./mod/config/memory_budget.ts";
import type { Config } from "./mod/config/schema.ts";
import type { FlagValues } from "./mod/config/settings.ts";
import { configuredRecorder } from "./mod/crashes/configured_recorder.ts";
import { CrashRecorder } from "./mod/crashes/crash_recorder.ts";
import { toHorizonError } from "./mod/errors.ts";
import { EventWriter } from "./mod/events/event_writer.ts";
import { Intake } from "./mod/intake/intake.ts";
import { SampleWriter } from "./mod/intake/sample_writer.ts";
import { SeriesLimitLog } from "./mod/intake/series_limit_log.ts";
import { LogWriter } from "./mod/intake/log_writer.ts";
import { Registries } from "./mod/intern/registries.ts";
import { LatestValues } from "./mod/latest/latest_values.ts";
import { RowFeed } from "./mod/live/row_feed.ts";
import type { Logger } from "./mod/log/logger.ts";
import { type OpenLog, openLog } from "./mod/log/logtape.ts";
import { metricFunctions } from "./mod/metrics/metric_engine.ts";
import { LokiReceiver } from "./mod/loki/loki_receiver.ts";
import { DEFAULT_OTLP_LIMITS } from "./mod/otlp/limits.ts";
import { OTLP_SIGNALS } from "./mod/otlp/otlp_signal.ts";
import { OtlpReceiver } from "./mod/otlp/receive.ts";
import { buildPipeline } from "./mod/pipeline/build_pipeline.ts";
import { pause } from "./mod/pipeline/forward/configured_forwarders.ts";
import { timeLimits } from "./mod/pipeline/time_limits.ts";
import { cleanValueOf, configuredRedactor } from "./mod/pipeline/redact/configured_redactor.ts";
import { RemoteWriteReceiver } from "./mod/prometheus/remote_write.ts";
import { SourceRegistry } from "./mod/sources/source_registry.ts";
import { systemTerminal } from "./mod/top/terminal.ts";
import { MissedExits } from "./mod/processes/missed_exits.ts";
import { ReportedExits } from "./mod/processes/reported_exits.ts";
import { buildKind, VERSION } from "./mod/version.ts";
import { StateTables } from "./storage/state_tables.ts";
import { StoreClient } from "./storage/store_client.ts";
import { CrashStore } from "./storage/crash_store.ts";
import { crashLimits, storeOptions } from "./storage/store_options.ts";
import { createWeb } from "./web/app.ts";
import { configuredDoors } from "./web/configured_doors.ts";
import { startOwnHealth } from "./web/health/own_health.ts";
import type { Lifecycle } from "./web/health/health_routes.ts";
import { grpcAuthorize } from "./web/security/grpc_authorize.ts";
import { selfUsage } from "./web/metrics/self_usage.ts";
import { serveApp } from "./web/serve.ts";
import { readAsset } from "./web/static/read_asset.ts";

/** Composition root: parse, validate, build, run, drain. Nobody imports it. */

/**
 * How long a series without a sample counts against the limits of series. Its rows stay; samples that
 * come later begin a series of the same name and labels.
 */
const SERIES_IDLE_MS = 2 * 3_600_000;
/** Taken for the host's memory where it cannot be read. */
const UNKNOWN_HOST_BYTES = 2 * 1024 ** 3;
/** Series whose newest value is held for `/metrics` and the live stream. */
const MAX_LATEST_SERIES = 100_000;

const io: CliIo = {
  stdout: (text) => writeAll(Deno.stdout, text),
  stderr: (text) => writeAll(Deno.stderr, text),
  env: Deno.env.toObject(),
  readTextFile: (path) => Deno.readTextFile(path),
  readStdin: () => new Response(Deno.stdin.readable).text(),
  fetch: (url, init) => fetch(url, init),
  terminal: systemTerminal,
  randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
};

async function main(argv: readonly string[]): Promise<number> {
  const command = await parseCommandLine(argv, io);
  if (command.kind === "exit") return command.code;
  if (command.kind === "exec") return await runExec(command, writeError);
  if (command.kind !== "serve") return await runClientCommand(command, io);
  return await serve(command.flags);
}

async function serve(flags: FlagValues): Promise<ExitCode> {
  const loaded = await loadConfig({ flags, env: io.env, readFile: io.readTextFile });
  if (!loaded.ok) {
    await io.stderr(formatProblems(loaded.problems));
    return 2;
  }
  const { config } = loaded;
  const opened = openLog({
    ...config.log,
    clock,
    write: writeError,
  });
  const log = opened.logger;
  const stopping = signalled();
  try {
    const horizon = await start(config, opened);
    log.info("ready", { addresses: horizon.addresses, url: horizon.url, pid: Deno.pid });
    const reason = await Promise.race([stopping, horizon.broken]);
    log.info("stopping", { reason });
    await horizon.stop();
    log.info("stopped");
    return reason === "store_died" ? 1 : 0;
  } catch (error) {
    const failure = toHorizonError(error);
    log.error("start_failed", { code: failure.code, message: failure.message });
    return failure.code === "invalid_argument" ? 2 : 1;
  }
}

interface Horizon {
  readonly addresses: Readonly<Record<string, string>>;
  /** Where the page is. */
  readonly url: string;
  /** Resolves with the reason when it cannot go on. */
  readonly broken: Promise<string>;
  /** Stops inputs, drains what was taken in, then the store; each step under the deadline. */
  stop(): Promise<void>;
}

async function start(config: Config, opened: OpenLog): Promise<Horizon> {
  const log = opened.logger;
  const startedAtMs = clock.nowMs();
  const memory = readMemoryLimit(config.collectors.proc_root, config.collectors.cgroup_root);
  const { storage, server } = config;
  const redactor = configuredRedactor(config.pipeline.redact);
  const registries = new Registries({
    maxSeries: storage.max_series,
    maxSeriesPerMetric: storage.max_series_per_metric,
    idleAfterMs: SERIES_IDLE_MS,
  }, cleanValueOf(redactor));
  const budgetBytes = memoryBudgetBytes(
    storage.memory_budget_bytes,
    memory?.hostBytes ?? UNKNOWN_HOST_BYTES,
    memory?.cgroupLimitBytes ?? null,
  );
  const store = await StoreClient.open(
    storeOptions(storage, config.pipeline.sampling.tail, budgetBytes),
    registries,
    log,
  );
  const pipeline = buildPipeline(config.pipeline, {
    registries,
    redactor,
    env: io.env,
    clock,
    fetch,
    random: Math.random,
    sleep: pause,
    log,
  });
  const live = new RowFeed({
    names: registries,
    onListenerError: (error) => log.error("live_listener_failed", { error: String(error) }),
  });
  const intake = new Intake(
    store,
    registries,
    {
      maxPendingBytes: config.ingest.max_pending_bytes,
      flushIntervalMs: config.ingest.flush_interval_ms,
      maxBatchRows: config.ingest.max_batch_rows,
    },
    clock,
    pipeline,
    live,
  );
  const limitLog = new SeriesLimitLog({
    series: registries.series,
    clock,
    timers: systemTimers,
    log,
  });
  const events = new EventWriter({ intake, registries, timers: systemTimers, log });
  const latest = new LatestValues({
    maxSeries: MAX_LATEST_SERIES,
    onListenerError: (error) => log.error("live_listener_failed", { error: String(error) }),
  });
  const sources = new SourceRegistry(clock);
  const reportedExits = new ReportedExits();
  const crashStore = new CrashStore(storage.data_dir, crashLimits(config.crashes));
  const crashes = new CrashRecorder({
    ...configuredRecorder(config.crashes),
    query: (request) => store.query(request),
    archive: crashStore,
    write: (event) => events.write(event),
    clock,
    timers: systemTimers,
    log,
  });
  const collected = buildCollectors({
    ...configuredCollectors(config.collectors),
    counters: pipeline.counters,
    events,
    reportedExits,
    onDeath: (death) => config.crashes.enabled && crashes.take(death),
    intake,
    series: registries.series,
    latest,
    sources,
    clock,
    timers: systemTimers,
    log,
  });
  const scheduler = new Scheduler(collected.collectors, {
    clock,
    timers: systemTimers,
    random: Math.random,
    log,
    onProblem: (collector, problem) => collected.noteProblem(collector, problem),
  });
  const limits = {
    ...DEFAULT_OTLP_LIMITS,
    ...timeLimits(config.pipeline.timestamps),
    maxAttributes: storage.max_attributes,
    maxValueBytes: storage.max_attribute_value_bytes,
  };
  const salt = crypto.getRandomValues(new Uint32Array(1))[0]!;
  const checks = buildHealth(config.health, {
    intake,
    series: registries.series,
    latest,
    sources,
    event: (event) => events.write(event),
    query: store.query,
    processes: () => collected.processes?.processList() ?? null,
    procRoot: config.collectors.proc_root,
    env: io.env,
    clock,
    timers: systemTimers,
    random: Math.random,
    log,
  });
  const otlp = new OtlpReceiver({
    intake,
    registries,
    clock,
    hostName: hostname(),
    limits,
    salt,
  });
  const writer = new SampleWriter({ intake, registries, clock, limits });
  const remoteWrite = new RemoteWriteReceiver({ writer, series: registries.series, salt });
  const logWriter = new LogWriter({ intake, registries, clock, hostName: hostname(), limits });
  const logs = configuredLogs(config.logs, storage, {
    writer: logWriter,
    sources,
    processes: () => collected.processes?.processRows() ?? [],
    procRoot: config.collectors.proc_root,
    clock,
    timers: systemTimers,
    log,
  });
  const state = new StateTables(store, {
    processes: () => collected.processes?.processRows() ?? [],
    collectors: () => scheduler.states(),
    timers: systemTimers,
    log,
  });
  const missedExits = new MissedExits({
    query: (request) => store.query(request),
    isRunning: (pid, startMs) => collected.processes?.isRunning(pid, startMs) ?? false,
    hasLooked: () => (collected.processes?.processList().tsMs ?? 0) > 0,
    write: (event) => events.write(event),
    nowMs: () => clock.nowMs(),
    timers: systemTimers,
    log,
  });
  let lifecycle: Lifecycle = "starting";
  const own = startOwnHealth({
    store,
    intake,
    scheduler,
    commit: { intake, series: registries.series },
    clock,
    timers: systemTimers,
    lifecycle: () => lifecycle,
  });
  const web = createWeb({
    ...configuredDoors(config),
    store,
    ...metricFunctions(store.metrics, clock),
    intake,
    series: registries.series,
    latest,
    live,
    otlp,
    pipeline,
    remoteWrite,
    samples: writer,
    sources,
    altered: () => ({
      ...otlp.altered,
      cut_event_texts: events.stats.cutTexts,
      dropped_event_attributes: events.stats.droppedAttributes,
    }),
    turnedAway: () => ({
      attribute_keys: registries.attributeKeys.refused,
      resources: registries.resources.refused,
      histogram_bounds: registries.bounds.refused,
      latest_values: latest.stats.refused,
      live_rows: live.stats.leftOut,
      metric_families: remoteWrite.refusedFamilies,
      events: events.stats.dropped + events.stats.failed,
      crashes: crashes.stats.dropped,
      crashes_in_pause: crashes.stats.skipped,
      log_lines: opened.lostLines(),
      log_files_lost: logs.stats.lostFiles,
      log_files_left_out: logs.stats.leftOut,
    }),
    collectors: () => scheduler.states(),
    loki: new LokiReceiver(logWriter, clock),
    logFiles: () => logs.stats,
    processes: () => collected.processes?.processList() ?? { tsMs: clock.nowMs(), processes: [] },
    processDetail: (pid, startTimeMs) => collected.processes?.detail(pid, startTimeMs) ?? null,
    reportedExits,
    crashes: crashStore,
    health: own.checks,
    checks,
    lifecycle: () => lifecycle,
    facts: {
      version: VERSION,
      build: buildKind(),
      hostname: hostname(),
      pid: Deno.pid,
      startedAtMs,
    },
    usage: selfUsage,
    assets: readAsset,
    clock,
    log,
  });
  const servers: { shutdown(deadlineMs: number): Promise<unknown> }[] = [];
  const addresses: Record<string, string> = {};
  const listen = (name: string, app: typeof web.app, at: ListenAddress | null, flag: string) => {
    if (at === null) return;
    const running = serveApp(app, { ...at, purpose: name, flag, log });
    servers.push(running);
    addresses[name] = formatListenAddress(running.address);
  };
  const stopServers = () =>
    Promise.all(servers.map((one) => one.shutdown(server.shutdown_deadline_ms / 2)));
  let scraping: Scraping;
  try {
    scraping = configuredScraping(config.scrape, {
      groups: config.collectors.processes.groups,
      procRoot: config.collectors.proc_root,
      rows: () => collected.processes?.processRows() ?? [],
    }, {
      writer,
      series: registries.series,
      sources,
      clock,
      timers: systemTimers,
      random: Math.random,
      log,
      salt,
    });
    listen("http", web.app, server.listen, "--listen");
    listen("otlp_http", web.otlpApp, server.otlp_http, "--otlp-http");
    if (server.otlp_grpc !== null) {
      const grpc = await startOtlpGrpc({
        ...server.otlp_grpc,
        receiver: otlp,
        book: sources.open("otlp_grpc", formatListenAddress(server.otlp_grpc), OTLP_SIGNALS),
        authorize: grpcAuthorize(web.gate, server.otlp_grpc),
        maxMessageBytes: server.max_decompressed_body_bytes,
        health: () => own.serving(),
        log,
      });
      servers.push(grpc);
      addresses["otlp_grpc"] = formatListenAddress(grpc.address);
    }
    const receivers = await startReceivers({
      config: config.receivers,
      writer,
      logWriter,
      sources,
      clock,
      timers: systemTimers,
    });
    servers.push(receivers);
    Object.assign(addresses, receivers.addresses);
  } catch (error) {
    await stopServers();
    await store.close();
    throw error;
  }
  await logs.start();
  scheduler.start();
  await recallHealth(checks, { query: store.query, log });
  checks.start();
  scraping.start();
  state.start();
  missedExits.start();
  limitLog.start();
  lifecycle = "ready";
  return {
    addresses,
    url: `http://${addresses["http"]}/`,
    broken: store.died.then(() => "store_died"),
    stop: () =>
      withinDeadline(server.shutdown_deadline_ms, log, async () => {
        lifecycle = "draining";
        limitLog.stop();
        await Promise.all([scheduler.stop(), checks.stop(), scraping.stop(), logs.stop()]);
        web.closeStreams();
        store.cancelQueries();
        await stopServers();
        await missedExits.stop();
        await collected.processes?.settled();
        await crashes.stop(server.shutdown_deadline_ms / 4);
        await events.drain();
        await intake.drain();
        await pipeline.stop(server.shutdown_deadline_ms / 4);
        await state.stop();
        await store.close();
      }),
  };
}

/** Runs `work`, but not for longer than `deadlineMs`. */
async function withinDeadline(
  deadlineMs: number,
  log: Logger,
  work: () => Promise<void>,
): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(() => {
    log.warn("shutdown_deadline_passed", { deadline_ms: deadlineMs });
    late.resolve();
  }, deadlineMs);
  await Promise.race([work(), late.promise]);
  clearTimeout(timer);
}

/** Resolves with the signal that asks to stop. */
function signalled(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      Deno.addSignalListener(signal, () => resolve(signal));
    }
  });
}

function writeError(text: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(text));
}

/** Writes all of a text; throws `Deno.errors.BrokenPipe` once nobody reads. */
async function writeAll(to: typeof Deno.stdout, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += await to.write(bytes.subarray(at));
}

process.exit(await main(Deno.args));
