import { formatProblems } from "../config/config_problem.ts";
import { loadConfig } from "../config/load_config.ts";
import { redactedConfig } from "../config/redacted_config.ts";
import { configJsonSchema } from "../config/schema.ts";
import type { CheckConfigCommand, CliIo, ExitCode } from "./command.ts";

/** `horizon check config`: 0 when `serve` would take it, 2 with every problem when not. */
export async function runCheckConfig(
  command: CheckConfigCommand,
  io: Pick<CliIo, "stdout" | "stderr" | "env" | "readTextFile">,
): Promise<ExitCode> {
  if (command.schema) {
    await io.stdout(`${JSON.stringify(configJsonSchema(), null, 2)}\n`);
    return 0;
  }
  const loaded = await loadConfig({
    flags: command.file === null ? {} : { config: command.file },
    env: io.env,
    readFile: io.readTextFile,
  });
  if (command.json) {
    const report = loaded.ok
      ? { ok: true, file: loaded.file, config: redactedConfig(loaded.config) }
      : { ok: false, file: loaded.file, problems: loaded.problems };
    await io.stdout(`${JSON.stringify(report, null, 2)}\n`);
  } else if (loaded.ok) {
    await io.stdout(
      loaded.file === null
        ? "there is no configuration file; the defaults are good\n"
        : `${loaded.file} is good\n`,
    );
  } else {
    await io.stderr(formatProblems(loaded.problems));
  }
  return loaded.ok ? 0 : 2;
}
