import type { Clock } from "../../mod/clock.ts";
import { HorizonError, toHorizonError } from "../../mod/errors.ts";
import type { SeriesDefinition } from "../../mod/intern/definitions.ts";
import type { LiveRows, RowFeed } from "../../mod/live/row_feed.ts";
import type { LiveSignal } from "../../mod/live/row_filter.ts";
import { rowFilter } from "./row_subscription.ts";
import {
  droppedFrame,
  errorFrame,
  type MetricsFrames,
  rowsFrame,
  rowsSubscribedFrame,
  subscribedFrame,
  unsubscribedFrame,
} from "./stream_frames.ts";
import { MetricSubscription, parseStreamMessage, type StreamRequest } from "./subscription.ts";

export interface StreamConnectionLimits {
  /** Bytes waiting in the socket past which frames are dropped. */
  readonly maxBufferedBytes: number;
  /** Messages a client may send in `messageWindowMs`; more closes the connection. */
  readonly maxMessages: number;
  readonly messageWindowMs: number;
}

export const STREAM_CONNECTION_LIMITS: StreamConnectionLimits = {
  maxBufferedBytes: 1024 * 1024,
  maxMessages: 60,
  messageWindowMs: 10_000,
};

/** The part of `WebSocket` that is used; the rest belongs to whoever opened it. */
export type StreamSocket = Pick<WebSocket, "send" | "close" | "bufferedAmount" | "readyState">;

export interface StreamSample {
  readonly definition: SeriesDefinition;
  readonly value: number;
}

// RFC 6455 section 7.4.1: the client breaks the rules of this endpoint.
const CLOSE_POLICY = 1008;

/** One client of `/api/stream`: its subscription, and how well it keeps up. */
export class StreamConnection {
  readonly #socket: StreamSocket;
  readonly #frames: MetricsFrames;
  readonly #limits: StreamConnectionLimits;
  readonly #clock: Clock;
  readonly #live: Pick<RowFeed, "subscribe">;
  #subscription: MetricSubscription | null = null;
  /** What ends the subscription of each channel of rows. */
  readonly #ends = new Map<LiveSignal, () => void>();
  #sent = 0;
  #dropped = 0;
  #droppedUntold = 0;
  #windowStartMs: number;
  #messagesInWindow = 0;

  constructor(
    socket: StreamSocket,
    frames: MetricsFrames,
    limits: StreamConnectionLimits,
    clock: Clock,
    live: Pick<RowFeed, "subscribe">,
  ) {
    this.#live = live;
    this.#socket = socket;
    this.#frames = frames;
    this.#limits = limits;
    this.#clock = clock;
    this.#windowStartMs = clock.monotonicMs();
  }

  get sentFrames(): number {
    return this.#sent;
  }

  get droppedFrames(): number {
    return this.#dropped;
  }

  /** Takes a message of the client. A bad one is answered with an error and changes nothing. */
  receive(data: unknown): void {
    if (this.#tooManyMessages()) {
      this.#socket.close(CLOSE_POLICY, "too many messages");
      return;
    }
    try {
      this.#obey(parseStreamMessage(data));
    } catch (error) {
      if (!(error instanceof HorizonError)) throw error;
      this.#send(errorFrame(toHorizonError(error)));
    }
  }

  /** Ends what it has subscribed to. */
  close(): void {
    this.#subscription = null;
    for (const end of this.#ends.values()) end();
    this.#ends.clear();
  }

  #obey(message: StreamRequest): void {
    if ("unsubscribe" in message) {
      const { unsubscribe: channel } = message;
      if (channel === "metrics") this.#subscription = null;
      else this.#endRows(channel);
      this.#send(unsubscribedFrame(channel));
    } else if (message.subscribe === "metrics") {
      this.#subscription = new MetricSubscription(message.names, message.labels ?? {});
      this.#send(subscribedFrame(message.names));
    } else {
      this.#endRows(message.subscribe);
      const send = (rows: LiveRows) => this.#send(rowsFrame(rows));
      this.#ends.set(message.subscribe, this.#live.subscribe(rowFilter(message), send));
      this.#send(rowsSubscribedFrame(message));
    }
  }

  #endRows(channel: LiveSignal): void {
    this.#ends.get(channel)?.();
    this.#ends.delete(channel);
  }

  /** Passes on what of a collection the client subscribed to. */
  push(tsUs: number, samples: readonly StreamSample[]): void {
    const subscription = this.#subscription;
    if (subscription === null) return;
    const wanted = samples.filter(({ definition }) => subscription.matches(definition));
    if (wanted.length > 0) this.#send(this.#frames.frame(tsUs, wanted));
  }

  #send(frame: string): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    if (this.#socket.bufferedAmount > this.#limits.maxBufferedBytes) {
      this.#dropped++;
      this.#droppedUntold++;
      return;
    }
    if (this.#droppedUntold > 0) {
      this.#socket.send(droppedFrame(this.#droppedUntold));
      this.#droppedUntold = 0;
    }
    this.#socket.send(frame);
    this.#sent++;
  }

  #tooManyMessages(): boolean {
    const now = this.#clock.monotonicMs();
    if (now - this.#windowStartMs >= this.#limits.messageWindowMs) {
      this.#windowStartMs = now;
      this.#messagesInWindow = 0;
    }
    return ++this.#messagesInWindow > this.#limits.maxMessages;
  }
}
