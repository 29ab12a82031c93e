import type { ClientCommand, CliIo, ExitCode } from "./command.ts";
import { runCheckConfig } from "./run_check_config.ts";
import { runQuery } from "./run_query.ts";
import { runTop } from "../top/run_top.ts";
import { runToken } from "./run_token.ts";
import { runVersion } from "./run_version.ts";

/** Does the work of a command that is not `serve`; the answer is the exit code. */
export async function runClientCommand(command: ClientCommand, io: CliIo): Promise<ExitCode> {
  switch (command.kind) {
    case "query":
      return await runQuery(command, io);
    case "top":
      return await runTop(command, io);
    case "check-config":
      return await runCheckConfig(command, io);
    case "token":
      return await runToken(command, io);
    case "version":
      return await runVersion(command, io);
  }
}
