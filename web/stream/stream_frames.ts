import type { HorizonError } from "../../mod/errors.ts";
import type { SeriesDefinition } from "../../mod/intern/definitions.ts";
import { isoMicros } from "../api/timestamps.ts";

/** Samples in one frame; what is more is left out and told. */
const MAX_FRAME_SAMPLES = 20_000;

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

export function subscribedFrame(names: readonly string[]): string {
  return JSON.stringify({ type: "subscribed", subscribe: "metrics", names });
}

export function unsubscribedFrame(): string {
  return JSON.stringify({ type: "unsubscribed", unsubscribe: "metrics" });
}

/** Tells how many frames were left out because the client did not read fast enough. */
export function droppedFrame(count: number): string {
  return JSON.stringify({ type: "dropped", count });
}

export function errorFrame({ code, message, details }: HorizonError): string {
  return JSON.stringify({ type: "error", error: { code, message, details } });
}
