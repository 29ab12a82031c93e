import { connect } from "node:net";
import { formatListenAddress, type ListenAddress } from "../../../mod/config/listen_address.ts";
import { type Finding, finding } from "../../../mod/health/health_state.ts";
import { type Probe, simpleProbe } from "../probe.ts";
import { connectFailure } from "./connect_failure.ts";

/** A port is well when it takes a connection; nothing is sent. */
export function tcpProbe(address: ListenAddress): Probe {
  const at = formatListenAddress(address);
  return simpleProbe((signal) =>
    new Promise<Finding>((resolve) => {
      const socket = connect({ host: address.hostname, port: address.port });
      const end = (found: Finding): void => {
        signal.removeEventListener("abort", abort);
        socket.destroy();
        resolve(found);
      };
      const abort = (): void => end(finding("unhealthy", `${at} did not take the connection`));
      signal.addEventListener("abort", abort);
      socket.once("connect", () => end(finding("healthy", `${at} takes connections`)));
      socket.on("error", (error) => end(finding("unhealthy", connectFailure(error, at))));
    })
  );
}
