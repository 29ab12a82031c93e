import { connect } from "node:net";
import { formatListenAddress, type ListenAddress } from "../../../mod/config/listen_address.ts";
import { type Finding, finding } from "../../../mod/health/health_state.ts";
import { type Probe, simpleProbe } from "../probe.ts";
import { connectFailure } from "./connect_failure.ts";

/**
 * How long a connection must last. What stands before a server that is gone (a proxy, a forwarded port)
 * takes connections and resets them at once, and whether that is seen before or after the connection
 * was there is chance.
 */
const SETTLE_MS = 100;

/** A port is well when it takes a connection and does not reset it at once; nothing is sent. */
export function tcpProbe(address: ListenAddress, settleMs = SETTLE_MS): Probe {
  const at = formatListenAddress(address);
  return simpleProbe((signal) =>
    new Promise<Finding>((resolve) => {
      const socket = connect({ host: address.hostname, port: address.port });
      let settle: ReturnType<typeof setTimeout> | undefined;
      const end = (found: Finding): void => {
        clearTimeout(settle);
        signal.removeEventListener("abort", abort);
        socket.destroy();
        resolve(found);
      };
      const taken = (): void => end(finding("healthy", `${at} takes connections`));
      const abort = (): void =>
        settle === undefined
          ? end(finding("unhealthy", `${at} did not take the connection`))
          : taken();
      signal.addEventListener("abort", abort);
      socket.once("connect", () => {
        settle = setTimeout(taken, settleMs);
        // A server that hangs up in order had its reasons; only what is read shows a reset.
        socket.once("end", taken).resume();
      });
      socket.on("error", (error) => end(finding("unhealthy", connectFailure(error, at))));
    })
  );
}
