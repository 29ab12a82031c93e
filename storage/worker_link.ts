import { HorizonError } from "../mod/errors.ts";
import type { Broken, StoreReply, StoreRequest } from "./messages.ts";

/** What a request may be answered with. */
export type Answer = Exclude<StoreReply, Broken>;

/** The answer a request is waiting for. */
interface Pending {
  readonly resolve: (reply: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** One store thread from its start to its end, and the requests it has not answered. */
export class WorkerLink {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #ended = false;

  /** `onDeath` is told why the thread ended by itself; its requests still wait then. */
  constructor(worker: Worker, onDeath: (death: Omit<Broken, "type">) => void) {
    this.#worker = worker;
    worker.onmessage = ({ data }: MessageEvent<StoreReply>) => {
      if (data.type !== "broken") this.#settle(data);
      else if (!this.#ended) onDeath(data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      if (!this.#ended) onDeath({ reason: event.message, heldBy: null });
    };
  }

  post(request: StoreRequest, transfer: Transferable[] = []): void {
    if (!this.#ended) this.#worker.postMessage(request, transfer);
  }

  /** @throws HorizonError what the thread failed with, or what `end` was told */
  request(request: StoreRequest, transfer: Transferable[] = []): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#pending.set(request.id, { resolve, reject });
      this.#worker.postMessage(request, transfer);
    });
  }

  /**
   * Ends the thread, once it is done with what it is at, and fails what waits with what `errorFor`
   * says of it.
   */
  end(errorFor: (id: number) => HorizonError): void {
    this.#ended = true;
    this.#worker.terminate();
    const pending = [...this.#pending];
    this.#pending.clear();
    for (const [id, { reject }] of pending) reject(errorFor(id));
  }

  #settle(reply: Answer): void {
    const pending = this.#pending.get(reply.id);
    if (pending === undefined) return;
    this.#pending.delete(reply.id);
    if (reply.type === "failed") {
      const { code, message, details, retryAfterMs } = reply.error;
      pending.reject(new HorizonError(code, message, details, retryAfterMs));
    } else pending.resolve(reply);
  }
}
