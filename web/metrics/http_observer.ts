import { Counter, Histogram, type Registry } from "prom-client";
import type { Clock } from "../../mod/clock.ts";

/** Seconds; from a cached health answer to a query at its deadline. */
const DURATION_BUCKETS_S = [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

const KNOWN_METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** A request under way. */
export interface ObservedRequest {
  /** Call once, when the head of the response is known. */
  end(status: number): void;
}

/**
 * Counts and times requests by route. Routes are the table's patterns and methods a closed
 * set, so that no client can make series.
 */
export class HttpObserver {
  readonly #clock: Clock;
  readonly #requests: Counter<"route" | "method" | "status">;
  readonly #duration: Histogram<"route" | "method">;

  constructor(registry: Registry, clock: Clock) {
    this.#clock = clock;
    this.#requests = new Counter({
      name: "horizon_http_requests_total",
      help: "HTTP requests answered, by route, method and status.",
      labelNames: ["route", "method", "status"],
      registers: [registry],
    });
    this.#duration = new Histogram({
      name: "horizon_http_request_duration_seconds",
      help: "Time until the head of the response was known, by route and method.",
      labelNames: ["route", "method"],
      buckets: DURATION_BUCKETS_S,
      registers: [registry],
    });
  }

  start(route: string, rawMethod: string): ObservedRequest {
    const startMs = this.#clock.monotonicMs();
    const method = KNOWN_METHODS.has(rawMethod) ? rawMethod : "other";
    return {
      end: (status) => {
        this.#requests.inc({ route, method, status });
        this.#duration.observe({ route, method }, (this.#clock.monotonicMs() - startMs) / 1000);
      },
    };
  }
}
