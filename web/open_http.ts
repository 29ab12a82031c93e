import type { Config } from "../mod/config/schema.ts";
import { formatListenAddress, type ListenAddress } from "../mod/config/listen_address.ts";
import type { Listeners } from "../mod/listeners.ts";
import type { Web } from "./app.ts";
import type { WebLog } from "./log.ts";
import { serveApp } from "./serve.ts";

/**
 * Opens the listeners for HTTP that the configuration asks for.
 * @throws HorizonError when an address cannot be had; those opened before are in `listeners`
 */
export function openHttp(
  { app, otlpApp }: Pick<Web, "app" | "otlpApp">,
  { listen, otlp_http }: Pick<Config["server"], "listen" | "otlp_http">,
  listeners: Listeners,
  log: WebLog,
): void {
  const open = (name: string, served: Web["app"], at: ListenAddress, flag: string) => {
    const running = serveApp(served, { ...at, purpose: name, flag, log });
    listeners.add({ [name]: formatListenAddress(running.address) }, running);
  };
  open("http", app, listen, "--listen");
  if (otlp_http !== null) open("otlp_http", otlpApp, otlp_http, "--otlp-http");
}
