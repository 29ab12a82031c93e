import { Metadata } from "@grpc/grpc-js";
import type { Finding } from "../../../mod/health/health_state.ts";
import { CHECK_PATH, decodeCheckResponse, encodeCheckRequest } from "../../grpc_health/messages.ts";
import { type Probe, simpleProbe } from "../probe.ts";
import { callFailure, type GrpcTarget, healthClient, servingFinding } from "./grpc_client.ts";

/** Asks by `Check`, each time over a new connection, as `grpc_health_probe` does. */
export function grpcProbe(target: GrpcTarget): Probe {
  return simpleProbe(async (signal) => {
    const client = healthClient(target);
    try {
      return await check(client, target, signal);
    } finally {
      client.close();
    }
  });
}

function check(
  client: ReturnType<typeof healthClient>,
  target: GrpcTarget,
  signal: AbortSignal,
): Promise<Finding> {
  return new Promise((resolve) => {
    const call = client.makeUnaryRequest(
      CHECK_PATH,
      encodeCheckRequest,
      decodeCheckResponse,
      { service: target.service },
      new Metadata(),
      (error, serving) => {
        signal.removeEventListener("abort", cancel);
        resolve(
          error === null
            ? servingFinding(serving ?? "UNKNOWN", target.service)
            : callFailure(error, target),
        );
      },
    );
    const cancel = (): void => call.cancel();
    signal.addEventListener("abort", cancel);
  });
}
