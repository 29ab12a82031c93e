import { z } from "zod";
import type { Clock } from "../../mod/clock.ts";
import { decodeUtf8 } from "../../mod/columns/utf8_text.ts";
import { HorizonError } from "../../mod/errors.ts";
import type { ReportedExits } from "../../mod/processes/reported_exits.ts";
import type { BodyLimits } from "../body/body_limits.ts";
import type { BodyReader } from "../body/body_reader.ts";
import { invalidFields } from "../errors/invalid_fields.ts";
import type { Route } from "../route.ts";

/** One exit as a parent tells it. */
const ExitBody = z.strictObject({
  pid: z.int().min(1).max(2 ** 31 - 1),
  exit_code: z.int().min(0).max(255).optional().describe("When it ended by itself."),
  signal: z.string().regex(/^SIG[A-Z0-9+-]{1,12}$/, "is not the name of a signal, such as SIGKILL")
    .optional().describe("When a signal ended it."),
  core_dumped: z.boolean().optional(),
  process: z.strictObject({
    ppid: z.int().min(0).max(2 ** 31 - 1),
    start_time: z.iso.datetime(),
    args: z.array(z.string().max(4_096)).min(1).max(1_024),
    service: z.string().min(1).max(256).optional(),
  }).optional().describe(
    "What it was, so that it is known although it ended before it was looked at.",
  ),
}).refine((exit) => (exit.exit_code === undefined) !== (exit.signal === undefined), {
  error: "takes either exit_code or signal",
});

const EXIT_BODY_LIMITS: BodyLimits = {
  maxBytes: 64 * 1024,
  maxDecompressedBytes: 64 * 1024,
  timeoutMs: 10_000,
};

export interface ExitDeps {
  readonly reportedExits: Pick<ReportedExits, "report">;
  readonly bodies: BodyReader;
  readonly clock: Clock;
}

/**
 * `POST /api/processes/exits`: a parent tells how its child ended, at once. It is the evidence that
 * is believed first.
 */
export function exitRoutes({ reportedExits, bodies, clock }: ExitDeps): Route[] {
  return [{
    method: "POST",
    path: "/api/processes/exits",
    role: "ingest",
    errors: "json",
    doc: {
      summary: "How a child process ended",
      description: "To be told by the parent of a process as soon as it has waited for it.",
      tag: "ingest",
      request: { "application/json": ExitBody },
      responses: { 204: { description: "Noted." } },
    },
    handler: async (c) => {
      const { pid, exit_code, signal, core_dumped, process } = await bodies.withBody(
        c.req.raw,
        EXIT_BODY_LIMITS,
        (body) => parseExit(decodeUtf8(body)),
      );
      const status = signal === undefined
        ? { kind: "exited", code: exit_code ?? 0 } as const
        : { kind: "signalled", signal, coreDumped: core_dumped ?? false } as const;
      reportedExits.report({
        pid,
        status,
        atMs: clock.nowMs(),
        process: process === undefined ? null : {
          ppid: process.ppid,
          startTimeMs: Date.parse(process.start_time),
          args: process.args,
          service: process.service ?? null,
        },
      });
      return c.body(null, 204);
    },
  }];
}

function parseExit(text: string): z.infer<typeof ExitBody> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new HorizonError("invalid_argument", `this is not JSON: ${String(error)}`);
  }
  const parsed = ExitBody.safeParse(value);
  if (parsed.success) return parsed.data;
  throw invalidFields(parsed.error);
}
