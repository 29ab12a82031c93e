import type { Intake } from "../intake/intake.ts";
import { KEY_REFUSED } from "../intern/attribute_keys.ts";
import { type Registries } from "../intern/registries.ts";
import type { Logger } from "../log/logger.ts";
import { processIdOf } from "../signals/process_ids.ts";
import type { HorizonEvent } from "./event.ts";

/** Events that wait for the store; past it the newest are dropped and counted. */
const MAX_WAITING = 20_000;
/** Events of one append. */
const MAX_BATCH = 4_096;
/** Characters kept of a message and of an attribute's value. */
const MAX_TEXT = 8_192;
/** How long to wait after a refusal or a failed append, milliseconds. */
const RETRY_MS = 1_000;
/** An append that failed so often in a row takes its events with it. */
const MAX_ATTEMPTS = 5;
/** What an event takes while it waits, besides its texts; an estimate for admission. */
const EVENT_BYTES = 200;

export interface EventWriterDeps {
  readonly intake: Pick<Intake, "admit" | "builders" | "commit">;
  readonly registries: Pick<Registries, "attributeKeys">;
  readonly timers: { after(delayMs: number, run: () => void): () => void };
  readonly log: Logger;
}

export interface EventWriterStats {
  readonly waiting: number;
  readonly kept: number;
  /** Because too many waited. */
  readonly dropped: number;
  /** With an append that failed again and again. */
  readonly failed: number;
  /** Texts of kept events that were cut, and attributes that were left out because there are too many keys. */
  readonly cutTexts: number;
  readonly droppedAttributes: number;
}

/**
 * Where everybody writes events. Writing never waits and never throws: events wait here, in order,
 * until the store has kept them, also while the intake refuses.
 */
export class EventWriter {
  readonly #deps: EventWriterDeps;
  readonly #waiting: HorizonEvent[] = [];
  #flushing: Promise<void> | null = null;
  #cancelRetry: (() => void) | null = null;
  #attempts = 0;
  #kept = 0;
  #dropped = 0;
  #failed = 0;
  #cutTexts = 0;
  #droppedAttributes = 0;

  constructor(deps: EventWriterDeps) {
    this.#deps = deps;
  }

  get stats(): EventWriterStats {
    return {
      waiting: this.#waiting.length,
      kept: this.#kept,
      dropped: this.#dropped,
      failed: this.#failed,
      cutTexts: this.#cutTexts,
      droppedAttributes: this.#droppedAttributes,
    };
  }

  write(event: HorizonEvent): void {
    if (this.#waiting.length >= MAX_WAITING) {
      if (this.#dropped++ === 0) this.#deps.log.warn("events_dropped", { waiting: MAX_WAITING });
      return;
    }
    this.#waiting.push(event);
    if (this.#flushing === null && this.#cancelRetry === null) this.#startFlush();
  }

  /** Resolves once what was written is kept, or was tried once more and failed. For shutdown. */
  async drain(): Promise<void> {
    await this.#flushing;
    this.#forgetRetry();
    if (this.#waiting.length > 0) this.#startFlush();
    await this.#flushing;
    this.#forgetRetry();
  }

  #startFlush(): void {
    // In a later turn, so that events written together are appended together.
    this.#flushing = Promise.resolve().then(() => this.#flush()).finally(() => {
      this.#flushing = null;
    });
  }

  async #flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, MAX_BATCH);
      let release: () => void;
      try {
        release = this.#deps.intake.admit(
          batch.reduce((sum, event) => sum + sizeOf(event), 0),
          "own",
        );
      } catch {
        return this.#retryLater();
      }
      const altered = { cutTexts: 0, droppedAttributes: 0 };
      try {
        for (const event of batch) this.#push(event, altered);
        await this.#deps.intake.commit();
        this.#kept += batch.length;
        // Counted here, not when they are cut: an append that fails is made again.
        this.#cutTexts += altered.cutTexts;
        this.#droppedAttributes += altered.droppedAttributes;
        this.#waiting.splice(0, batch.length);
        this.#attempts = 0;
      } catch (error) {
        if (++this.#attempts < MAX_ATTEMPTS) return this.#retryLater();
        this.#attempts = 0;
        this.#failed += batch.length;
        this.#waiting.splice(0, batch.length);
        this.#deps.log.error("events_not_kept", { events: batch.length, error: String(error) });
      } finally {
        release();
      }
    }
  }

  #forgetRetry(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = null;
  }

  #retryLater(): void {
    this.#cancelRetry = this.#deps.timers.after(RETRY_MS, () => {
      this.#cancelRetry = null;
      this.#startFlush();
    });
  }

  #push(event: HorizonEvent, altered: { cutTexts: number; droppedAttributes: number }): void {
    const cut = (text: string): string => {
      if (text.length <= MAX_TEXT) return text;
      altered.cutTexts++;
      return cutText(text);
    };
    const { events } = this.#deps.intake.builders;
    events.pushTime(Math.round(event.tsMs * 1000), 0);
    events.stream.push(event.stream);
    events.name.push(event.name);
    events.subject.push(cut(event.subject));
    if (event.service === null) events.service.pushNull();
    else events.service.push(event.service);
    events.pid.push(processIdOf(event.pid));
    events.severity.push(event.severity);
    events.message.push(cut(event.message));
    events.value.push(event.value);
    for (const [key, value] of Object.entries(event.attributes)) {
      if (value === null) continue;
      const id = this.#deps.registries.attributeKeys.idOf(key);
      if (id === KEY_REFUSED) {
        altered.droppedAttributes++;
        continue;
      }
      events.attributes.pushKey(id);
      events.attributes.values.push(cut(String(value)));
    }
    events.closeRow();
  }
}

/** The first `MAX_TEXT` characters, no half of a surrogate pair at the end. */
function cutText(text: string): string {
  return text.slice(0, MAX_TEXT).toWellFormed();
}

function sizeOf(event: HorizonEvent): number {
  let bytes = EVENT_BYTES + event.message.length + event.subject.length;
  for (const [key, value] of Object.entries(event.attributes)) {
    bytes += key.length + String(value).length;
  }
  return bytes;
}
