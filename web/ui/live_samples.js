// @ts-check
/// <reference lib="dom" />
/**
 * New samples of metrics as they are collected: through the WebSocket, or by asking SQL every two seconds while there
 * is no socket.
 */

import { backoffMs } from "./backoff.js";

/** How often SQL is asked while there is no socket. */
export const POLL_MS = 2000;
/** A socket that has not opened by then is given up. */
const OPEN_TIMEOUT_MS = 5000;

/**
 * @typedef {{ name: string, labels: Record<string, string>, value: number }} Sample
 * @typedef {{ timeMs: number, samples: Sample[] }} SampleBatch
 * @typedef {"idle" | "connecting" | "live" | "polling"} LiveState
 *   `idle`: nobody listens. `polling`: no socket, but SQL answers.
 * @typedef {{ names: ReadonlySet<string>, listener: (batch: SampleBatch) => void }} Subscription
 */

/**
 * What the server says: samples, that it refused what was asked, or anything else, such as that it left out frames
 * because the page read too slowly, which the next sample makes good.
 * @param {unknown} data text of the message
 * @returns {{ kind: "batch", batch: SampleBatch } | { kind: "refusal" } | { kind: "other" }}
 * @throws {SyntaxError} when it is not JSON
 */
export function parseMessage(data) {
  /** @type {{ type?: unknown, ts?: unknown, samples?: unknown } | null} */
  const message = JSON.parse(String(data));
  if (message?.type === "error") return { kind: "refusal" };
  const timeMs = Date.parse(String(message?.ts));
  if (message?.type !== "metrics" || !Array.isArray(message.samples) || Number.isNaN(timeMs)) {
    return { kind: "other" };
  }
  return { kind: "batch", batch: { timeMs, samples: message.samples } };
}

/** Owns the socket, the poll that stands in for it, and who listens to which names. */
export class LiveSamples {
  #openSocket;
  #poll;
  #onState;
  #random;
  /** @type {Set<Subscription>} */
  #subscriptions = new Set();
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {LiveState} */
  #state = "idle";
  #attempt = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #reconnectTimer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #openTimer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #pollTimer;
  /** @type {AbortController | null} */
  #polling = null;
  #malformed = 0;

  /**
   * @param {object} options
   * @param {() => WebSocket} options.openSocket
   * @param {(names: string[], signal: AbortSignal) => Promise<SampleBatch[]>} options.poll the newest samples
   * @param {(state: LiveState) => void} options.onState
   * @param {() => number} options.random
   */
  constructor({ openSocket, poll, onState, random }) {
    this.#openSocket = openSocket;
    this.#poll = poll;
    this.#onState = onState;
    this.#random = random;
  }

  get state() {
    return this.#state;
  }

  /** Messages of the server that could not be read. */
  get malformedMessages() {
    return this.#malformed;
  }

  /**
   * @param {readonly string[]} names of metrics
   * @param {(batch: SampleBatch) => void} listener told only the samples of `names`
   * @returns {() => void} ends the subscription; the last one closes the socket
   */
  subscribe(names, listener) {
    /** @type {Subscription} */
    const subscription = { names: new Set(names), listener };
    this.#subscriptions.add(subscription);
    if (this.#socket === null && this.#reconnectTimer === undefined) this.#connect();
    else this.#sendNames();
    return () => {
      if (!this.#subscriptions.delete(subscription)) return;
      if (this.#subscriptions.size === 0) this.#stop();
      else this.#sendNames();
    };
  }

  /** Connects at once, for example with a new token, instead of at the end of the wait. */
  reconnect() {
    if (this.#subscriptions.size === 0) return;
    this.#attempt = 0;
    this.#dropSocket();
    this.#connect();
  }

  #connect() {
    clearTimeout(this.#reconnectTimer);
    this.#reconnectTimer = undefined;
    if (this.#state === "idle") this.#setState("connecting");
    const socket = this.#openSocket();
    this.#socket = socket;
    this.#openTimer = setTimeout(() => socket.close(), OPEN_TIMEOUT_MS);
    socket.onopen = () => {
      clearTimeout(this.#openTimer);
      this.#stopPolling();
      this.#setState("live");
      this.#sendNames();
    };
    socket.onmessage = (event) => this.#receive(event.data);
    socket.onclose = () => {
      clearTimeout(this.#openTimer);
      if (this.#socket !== socket) return;
      this.#socket = null;
      if (this.#subscriptions.size === 0) return;
      this.#startPolling();
      const wait = backoffMs(this.#attempt, this.#random);
      this.#attempt += 1;
      this.#reconnectTimer = setTimeout(() => this.#connect(), wait);
    };
  }

  /** @param {unknown} data */
  #receive(data) {
    let message;
    try {
      message = parseMessage(data);
    } catch {
      // One bad message must not end the stream; it is counted for whoever looks into it.
      this.#malformed += 1;
      return;
    }
    // A socket that brings no samples is of no use: SQL stands in, and the wait before the next attempt grows.
    if (message.kind === "refusal") this.#socket?.close();
    if (message.kind !== "batch") return;
    this.#attempt = 0;
    this.#deliver(message.batch);
  }

  /** @param {SampleBatch} batch */
  #deliver({ timeMs, samples }) {
    for (const { names, listener } of this.#subscriptions) {
      const wanted = samples.filter(({ name }) => names.has(name));
      if (wanted.length > 0) listener({ timeMs, samples: wanted });
    }
  }

  #names() {
    return [...new Set([...this.#subscriptions].flatMap(({ names }) => [...names]))];
  }

  #sendNames() {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#socket.send(JSON.stringify({ subscribe: "metrics", names: this.#names() }));
  }

  #startPolling() {
    if (this.#polling !== null) return;
    this.#setState("connecting");
    const polling = new AbortController();
    this.#polling = polling;
    const turn = async () => {
      try {
        const batches = await this.#poll(this.#names(), polling.signal);
        if (polling.signal.aborted) return;
        this.#setState("polling");
        for (const batch of batches) this.#deliver(batch);
      } catch {
        // The API client has reported it; the state tells the user that nothing new comes.
        if (polling.signal.aborted) return;
        this.#setState("connecting");
      }
      this.#pollTimer = setTimeout(turn, POLL_MS);
    };
    this.#pollTimer = setTimeout(turn, 0);
  }

  #stopPolling() {
    clearTimeout(this.#pollTimer);
    this.#polling?.abort();
    this.#polling = null;
  }

  #dropSocket() {
    clearTimeout(this.#reconnectTimer);
    clearTimeout(this.#openTimer);
    this.#reconnectTimer = undefined;
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #stop() {
    this.#dropSocket();
    this.#stopPolling();
    this.#attempt = 0;
    this.#setState("idle");
  }

  /** @param {LiveState} state */
  #setState(state) {
    if (state === this.#state) return;
    this.#state = state;
    this.#onState(state);
  }
}
