import { z } from "zod";
import { HorizonError } from "../../mod/errors.ts";
import type { SeriesDefinition } from "../../mod/intern/definitions.ts";
import { invalidFields } from "../errors/invalid_fields.ts";
import { RowChannel, RowSubscribe } from "./row_subscription.ts";

/** A message's bounds, so that matching stays cheap. */
const MAX_NAMES = 64;
const MAX_LABELS = 8;
/** UTF-16 units of one message. */
export const MAX_MESSAGE_LENGTH = 16 * 1024;

/** What a client may say on `/api/stream`. */
export const StreamMessage = z.union([
  z.strictObject({
    subscribe: z.literal("metrics"),
    names: z.array(z.string().min(1).max(255)).max(MAX_NAMES)
      .describe("Metric names, such as system.cpu.utilization."),
    labels: z.record(z.string().max(255), z.string().max(1024))
      .refine((labels) => Object.keys(labels).length <= MAX_LABELS, `at most ${MAX_LABELS} labels`)
      .describe("Only series that have all of these labels.").optional(),
  }),
  z.strictObject({ unsubscribe: z.literal("metrics") }),
  RowSubscribe,
  z.strictObject({ unsubscribe: RowChannel }),
]);

export type StreamRequest = z.infer<typeof StreamMessage>;

/** @throws HorizonError `invalid_argument`, `too_large` */
export function parseStreamMessage(data: unknown): StreamRequest {
  if (typeof data !== "string") {
    throw new HorizonError("invalid_argument", "messages are JSON text, not binary");
  }
  if (data.length > MAX_MESSAGE_LENGTH) {
    throw new HorizonError("too_large", "the message is too large", {
      max_length: MAX_MESSAGE_LENGTH,
    });
  }
  let message: unknown;
  try {
    message = JSON.parse(data);
  } catch (error) {
    throw new HorizonError("invalid_argument", "the message is not JSON", {}, null, {
      cause: error,
    });
  }
  const parsed = StreamMessage.safeParse(message);
  if (!parsed.success) throw invalidFields(parsed.error);
  return parsed.data;
}

/** The metric series a client wants to see. */
export class MetricSubscription {
  readonly names: readonly string[];
  readonly #names: ReadonlySet<string>;
  readonly #labels: readonly (readonly [key: string, value: string])[];
  // Definitions are immutable, so a verdict holds for as long as the series lives.
  readonly #verdicts = new WeakMap<SeriesDefinition, boolean>();

  constructor(names: readonly string[], labels: Readonly<Record<string, string>>) {
    this.names = names;
    this.#names = new Set(names);
    this.#labels = Object.entries(labels);
  }

  matches(definition: SeriesDefinition): boolean {
    let verdict = this.#verdicts.get(definition);
    if (verdict === undefined) {
      verdict = this.#names.has(definition.name) &&
        this.#labels.every(([key, value]) =>
          definition.labels.some(([k, v]) => k === key && v === value)
        );
      this.#verdicts.set(definition, verdict);
    }
    return verdict;
  }
}
