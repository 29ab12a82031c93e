import { z } from "zod";
import { LIVE_SIGNALS, type RowFilter } from "../../mod/live/row_filter.ts";

const MAX_VALUES = 64;
/** Least `severity_number` of each name (OpenTelemetry logs data model, SeverityNumber). */
const SEVERITY_NUMBERS = { trace: 1, debug: 5, info: 9, warn: 13, error: 17, fatal: 21 } as const;

const Values = z.array(z.string().min(1).max(1024)).min(1).max(MAX_VALUES);
const Severity = z.enum(["trace", "debug", "info", "warn", "error", "fatal"]);
const common = {
  services: Values.describe("Rows of one of these services.").optional(),
  names: Values.describe("Of spans and events: name. Of logs: event_name.").optional(),
  text: z.string().min(1).max(1024)
    .describe("Part of a log's body, a span's name or an event's message; ASCII case is ignored.")
    .optional(),
};
const TraceId = z.string().regex(/^[0-9a-f]{32}$/, "32 lower-case hex digits").optional();

/** What a client may ask of the channels of rows. */
export const RowSubscribe = z.discriminatedUnion("subscribe", [
  z.strictObject({
    subscribe: z.literal("logs"),
    ...common,
    min_severity: Severity.optional(),
    trace_id: TraceId,
  }),
  z.strictObject({
    subscribe: z.literal("spans"),
    ...common,
    status: z.enum(["unset", "ok", "error"]).optional(),
    trace_id: TraceId,
  }),
  z.strictObject({ subscribe: z.literal("events"), ...common }),
]);

export const RowChannel = z.enum(LIVE_SIGNALS);

export type RowSubscribeMessage = z.infer<typeof RowSubscribe>;

/** The filter that a message asks for. */
export function rowFilter(message: RowSubscribeMessage): RowFilter {
  const { services, names, text } = message;
  const min = message.subscribe === "logs" ? message.min_severity : undefined;
  const status = message.subscribe === "spans" ? message.status : undefined;
  const traceId = message.subscribe === "events" ? undefined : message.trace_id;
  return {
    signal: message.subscribe,
    ...services === undefined ? {} : { services },
    ...names === undefined ? {} : { names },
    ...text === undefined ? {} : { text },
    ...min === undefined ? {} : { minSeverityNumber: SEVERITY_NUMBERS[min] },
    ...status === undefined ? {} : { status },
    ...traceId === undefined ? {} : { traceId },
  };
}
