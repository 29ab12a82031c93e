import process from "node:process";
import { hostname } from "node:os";
import { startOtlpGrpc } from "./collectors/otlp_grpc/otlp_grpc_server.ts";
import { buildInputs } from "./collectors/build_inputs.ts";
import { runExec } from "./collectors/exec/run_exec.ts";
import { readMemoryLimit } from "./collectors/host/memory_limit.ts";
import { startReceivers } from "./collectors/receivers/receivers.ts";
import { systemTimers } from "./collectors/scheduler.ts";
import { parseCommandLine } from "./mod/cli/parse_command_line.ts";
import { runClientCommand } from "./mod/cli/run_client_command.ts";
import type { CliIo, ExitCode } from "./mod/cli/command.ts";
import { systemClock as clock } from "./mod/clock.ts";
import { formatProblems } from "./mod/config/config_problem.ts";
import { formatListenAddress } from "./mod/config/listen_address.ts";
import { loadConfig } from "./mod/config/load_config.ts";
import { memoryBudgetBytes } from "./mod/config/memory_budget.ts";
import type { Config } from "./mod/config/schema.ts";
import type { FlagValues } from "./mod/config/settings.ts";
import { configuredRecorder } from "./mod/crashes/configured_recorder.ts";
import { CrashRecorder } from "./mod/crashes/crash_recorder.ts";
import { toHorizonError } from "./mod/errors.ts";
import { Registries } from "./mod/intern/registries.ts";
import { Listeners } from "./mod/listeners.ts";
import type { Logger } from "./mod/log/logger.ts";
import { type OpenLog, openLog } from "./mod/log/logtape.ts";
import { metricFunctions } from "./mod/metrics/metric_engine.ts";
import { OTLP_SIGNALS } from "./mod/otlp/otlp_signal.ts";
import { cleanValueOf, configuredRedactor } from "./mod/pipeline/redact/configured_redactor.ts";
import type { Redactor } from "./mod/pipeline/redact/redactor.ts";
import { altered, buildReception, turnedAway } from "./mod/reception/build_reception.ts";
import { systemTerminal } from "./mod/top/terminal.ts";
import { MissedExits } from "./mod/processes/missed_exits.ts";
import { ReportedExits } from "./mod/processes/reported_exits.ts";
import { buildKind, VERSION } from "./mod/version.ts";
import { StateTables } from "./storage/state_tables.ts";
import { StoreClient } from "./storage/store_client.ts";
import { CrashStore } from "./storage/crash_store.ts";
import { crashLimits, storeOptions } from "./storage/store_options.ts";
import { startStoreThreadAhead } from "./storage/store_thread.ts";
import { createWeb } from "./web/app.ts";
import { configuredDoors } from "./web/configured_doors.ts";
import { startOwnHealth } from "./web/health/own_health.ts";
import type { Lifecycle } from "./web/health/health_routes.ts";
import { grpcAuthorize } from "./web/security/grpc_authorize.ts";
import { selfUsage } from "./web/metrics/self_usage.ts";
import { openHttp } from "./web/open_http.ts";
import { readAsset } from "./web/static/read_asset.ts";

/** Composition root: parse, validate, build, run, drain. Nobody imports it. */

/**
 * How long a series without a sample counts against the limits of series. Its rows stay; samples that
 * come later begin a series of the same name and labels.
 */
const SERIES_IDLE_MS = 2 * 3_600_000;
/** Taken for the host's memory where it cannot be read. */
const UNKNOWN_HOST_BYTES = 2 * 1024 ** 3;

const io: CliIo = {
  stdout: (text) => writeAll(Deno.stdout, text),
  stderr: (text) => writeAll(Deno.stderr, text),
  env: Deno.env.toObject(),
  readTextFile: (path) => Deno.readTextFile(path),
  readStdin: () => new Response(Deno.stdin.readable).text(),
  fetch: (url, init) => fetch(url, init),
  terminal: () => systemTerminal(io.env["TERM"]),
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
  const spawn = startStoreThreadAhead();
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
    const horizon = await start(config, opened, spawn);
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

async function start(
  config: Config,
  opened: OpenLog,
  spawn: () => Worker,
): Promise<Horizon> {
  const { storage } = config;
  const redactor = configuredRedactor(config.pipeline.redact);
  const registries = new Registries({
    maxSeries: storage.max_series,
    maxSeriesPerMetric: storage.max_series_per_metric,
    idleAfterMs: SERIES_IDLE_MS,
  }, cleanValueOf(redactor));
  const memory = readMemoryLimit(config.collectors.proc_root, config.collectors.cgroup_root);
  const budgetBytes = memoryBudgetBytes(
    storage.memory_budget_bytes,
    memory?.hostBytes ?? UNKNOWN_HOST_BYTES,
    memory?.cgroupLimitBytes ?? null,
  );
  const store = await StoreClient.open(
    storeOptions(storage, config.pipeline.sampling.tail, budgetBytes),
    registries,
    opened.logger,
    { spawn },
  );
  const listeners = new Listeners();
  try {
    return await startOver(store, listeners, { config, opened, redactor, registries });
  } catch (error) {
    await listeners.shutdown(config.server.shutdown_deadline_ms / 2);
    await store.close();
    throw error;
  }
}

interface Parts {
  readonly config: Config;
  readonly opened: OpenLog;
  readonly redactor: Redactor | null;
  readonly registries: Registries;
}

/** All that runs over an open store. Where it throws, the caller closes the store and the listeners. */
async function startOver(
  store: StoreClient,
  listeners: Listeners,
  { config, opened, redactor, registries }: Parts,
): Promise<Horizon> {
  const log = opened.logger;
  const timers = systemTimers;
  const random = Math.random;
  const startedAtMs = clock.nowMs();
  const salt = crypto.getRandomValues(new Uint32Array(1))[0]!;
  const { server } = config;
  const surroundings = { env: io.env, clock, timers, random, salt, log };
  const query = store.query;

  const reception = buildReception(config, {
    ...surroundings,
    store,
    registries,
    redactor,
    hostName: hostname(),
    fetch,
  });
  const { intake, events, sources, pipeline, otlp } = reception;
  const reportedExits = new ReportedExits();
  const crashStore = new CrashStore(config.storage.data_dir, crashLimits(config.crashes));
  const crashes = new CrashRecorder({
    ...configuredRecorder(config.crashes),
    query,
    archive: crashStore,
    write: (event) => events.write(event),
    clock,
    timers,
    log,
  });
  const inputs = buildInputs(config, {
    ...surroundings,
    reception,
    query,
    reportedExits,
    onDeath: (death) => config.crashes.enabled && crashes.take(death),
  });
  const { scheduler, processes, checks, logs } = inputs;
  const state = new StateTables(store, {
    processes: () => processes?.processRows() ?? [],
    collectors: () => scheduler.states(),
    timers,
    log,
  });
  const missedExits = new MissedExits({
    query,
    isRunning: (pid, startMs) => processes?.isRunning(pid, startMs) ?? false,
    hasLooked: () => (processes?.processList().tsMs ?? 0) > 0,
    write: (event) => events.write(event),
    nowMs: () => clock.nowMs(),
    timers,
    log,
  });

  let lifecycle: Lifecycle = "starting";
  const own = startOwnHealth({
    store,
    intake,
    scheduler,
    commit: { intake, series: registries.series },
    clock,
    timers,
    lifecycle: () => lifecycle,
  });
  const web = createWeb({
    ...configuredDoors(config),
    ...metricFunctions(store.metrics, clock),
    ...reception,
    store,
    series: registries.series,
    altered: () => altered(reception),
    turnedAway: () => ({
      ...turnedAway(reception),
      crashes: crashes.stats.dropped,
      crashes_in_pause: crashes.stats.skipped,
      log_lines: opened.lostLines(),
      log_files_lost: logs.stats.lostFiles,
      log_files_left_out: logs.stats.leftOut,
    }),
    collectors: () => scheduler.states(),
    logFiles: () => logs.stats,
    processes: () => processes?.processList() ?? { tsMs: clock.nowMs(), processes: [] },
    processDetail: (pid, startTimeMs) => processes?.detail(pid, startTimeMs) ?? null,
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
  openHttp(web, server, listeners, log);
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
    listeners.add({ otlp_grpc: formatListenAddress(grpc.address) }, grpc);
  }
  const receivers = await startReceivers({
    config: config.receivers,
    writer: reception.samples,
    logWriter: reception.logs,
    sources,
    clock,
    timers,
  });
  listeners.add(receivers.addresses, receivers);

  await inputs.start();
  state.start();
  missedExits.start();
  reception.limitLog.start();
  lifecycle = "ready";
  return {
    addresses: listeners.addresses,
    url: `http://${listeners.addresses["http"]}/`,
    broken: store.died.then(() => "store_died"),
    stop: () =>
      withinDeadline(server.shutdown_deadline_ms, log, async () => {
        lifecycle = "draining";
        reception.limitLog.stop();
        await inputs.stop();
        web.closeStreams();
        store.cancelQueries();
        await listeners.shutdown(server.shutdown_deadline_ms / 2);
        await missedExits.stop();
        await processes?.settled();
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
