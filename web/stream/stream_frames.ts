import type { HorizonError } from "../../mod/errors.ts";
import type { SeriesDefinition } from "../../mod/intern/definitions.ts";
import type { LiveRows } from "../../mod/live/row_feed.ts";
import type { LiveSignal } from "../../mod/live/row_filter.ts";
import { isoMicros } from "../api/timestamps.ts";
import type { RowSubscribeMessage } from "./row_subscription.ts";

/** Samples in one frame; what is more is left out and told. */
const MAX_FRAME_SAMPLES = 20_000;
/** UTF-16 units of the rows in one frame; one row may be longer. */
const MAX_ROWS_LENGTH = 256 * 1024;

/** Writes frames of samples; remembers each series' part of them for as long as it lives. */
export class MetricsFrames {
  /** Everything of a sample but its value. */
  readonly #heads = new WeakMap<SeriesDefinition, string>();

  /**
   * `{"type":"metrics","ts":…,"samples":[{"name","labels","value"}]}`, with `"left_out":n` when
   * there were more than a frame holds. NaN and the infinities become null.
   */
  frame(
    tsUs: number,
    samples: readonly { readonly definition: SeriesDefinition; readonly value: number }[],
  ): string {
    const parts: string[] = [];
    for (const { definition, value } of samples.slice(0, MAX_FRAME_SAMPLES)) {
      parts.push(`${this.#headOf(definition)}${Number.isFinite(value) ? value : "null"}}`);
    }
    const leftOut = samples.length - parts.length;
    return `{"type":"metrics","ts":"${isoMicros(tsUs)}","samples":[${parts.join(",")}]` +
      `${leftOut > 0 ? `,"left_out":${leftOut}` : ""}}`;
  }

  #headOf(definition: SeriesDefinition): string {
    let head = this.#heads.get(definition);
    if (head === undefined) {
      const labels = JSON.stringify(Object.fromEntries(definition.labels));
      head = `{"name":${JSON.stringify(definition.name)},"labels":${labels},"value":`;
      this.#heads.set(definition, head);
    }
    return head;
  }
}

/**
 * `{"type":"logs","rows":[{"ts",…}]}`, with `"left_out":n` when more rows matched than an append
 * hands on or a frame holds. The newest are those that stay.
 */
export function rowsFrame({ signal, rows, leftOut }: LiveRows): string {
  const parts: string[] = [];
  let length = 0;
  for (const { tsUs, fields } of rows.toReversed()) {
    const part = JSON.stringify({ ts: isoMicros(tsUs), ...fields });
    length += part.length;
    if (length > MAX_ROWS_LENGTH && parts.length > 0) break;
    parts.push(part);
  }
  const missing = leftOut + rows.length - parts.length;
  return `{"type":"${signal}","rows":[${parts.reverse().join(",")}]` +
    `${missing > 0 ? `,"left_out":${missing}` : ""}}`;
}

export function subscribedFrame(names: readonly string[]): string {
  return JSON.stringify({ type: "subscribed", subscribe: "metrics", names });
}

/** Repeats what was asked for. */
export function rowsSubscribedFrame(message: RowSubscribeMessage): string {
  return JSON.stringify({ type: "subscribed", ...message });
}

export function unsubscribedFrame(channel: "metrics" | LiveSignal): string {
  return JSON.stringify({ type: "unsubscribed", unsubscribe: channel });
}

/** Tells how many frames were left out because the client did not read fast enough. */
export function droppedFrame(count: number): string {
  return JSON.stringify({ type: "dropped", count });
}

export function errorFrame({ code, message, details }: HorizonError): string {
  return JSON.stringify({ type: "error", error: { code, message, details } });
}
