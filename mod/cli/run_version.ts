import type { CliIo, ExitCode, VersionCommand } from "./command.ts";
import { versionFacts, versionText } from "./version_text.ts";

/** `horizon version`. */
export async function runVersion(
  command: VersionCommand,
  io: Pick<CliIo, "stdout">,
): Promise<ExitCode> {
  await io.stdout(`${command.json ? JSON.stringify(versionFacts()) : versionText()}\n`);
  return 0;
}
