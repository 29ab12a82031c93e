import { createHash } from "node:crypto";
import { stringify } from "yaml";
import type { CliIo, ExitCode, TokenCommand } from "./command.ts";

/** What each token begins with, so that people and redaction rules know one when they see it. */
const TOKEN_PREFIX = "hz_";
/** 256 bits: no need for a slow hash, since nobody can guess it. */
const TOKEN_BYTES = 32;

/** `horizon token`: a new token, shown this once, and the configuration with its hash. */
export async function runToken(
  command: TokenCommand,
  io: Pick<CliIo, "stdout" | "randomBytes">,
): Promise<ExitCode> {
  const token = TOKEN_PREFIX + io.randomBytes(TOKEN_BYTES).toBase64({
    alphabet: "base64url",
    omitPadding: true,
  });
  const sha256 = createHash("sha256").update(token, "utf8").digest("hex");
  const grant = { name: command.name, role: command.role, sha256 };
  if (command.json) {
    await io.stdout(`${JSON.stringify({ token, ...grant })}\n`);
    return 0;
  }
  await io.stdout(
    `The token, shown only now; give it to the client:\n\n  ${token}\n\n` +
      `Its hash, for horizon.yaml:\n\n${stringify({ auth: { tokens: [grant] } })}`,
  );
  return 0;
}
