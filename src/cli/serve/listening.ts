/** Listening, with what to do about it when the system says no. */

import type { ListenAddress } from "../../server/listen.js";
import type { FtpServer } from "../../server/server.js";
import { type CliError, failure, systemCode, systemReason } from "../errors.js";
import type { Settings } from "./settings.js";

const DEFAULT_HOSTS = ["127.0.0.1", "::1"] as const;

/**
 * On the hosts that were said, else on those of this machine alone: ::1 is left out where there is none.
 * @throws CliError that says what to do.
 */
export async function listen(
  server: Pick<FtpServer, "listen">,
  { host: hosts, port, implicitTlsPort }: Settings,
  warn: (message: string) => void,
): Promise<readonly ListenAddress[]> {
  const ports = {
    port,
    ...(implicitTlsPort !== undefined && { implicitTls: { port: implicitTlsPort } }),
  };
  try {
    return await server.listen({ hosts: hosts ?? DEFAULT_HOSTS, ...ports });
  } catch (error) {
    if (hosts !== undefined || !isMissing(error, DEFAULT_HOSTS[1]))
      throw listenError(error, portOf(error) ?? port);
    warn("this machine has no ::1; listening on 127.0.0.1 only");
  }
  try {
    return await server.listen({ hosts: [DEFAULT_HOSTS[0]], ...ports });
  } catch (error) {
    throw listenError(error, portOf(error) ?? port);
  }
}

function isMissing(error: unknown, address: string): boolean {
  const code = systemCode(error);
  const missing = code === "EADDRNOTAVAIL" || code === "EAFNOSUPPORT" || code === "EINVAL";
  return missing && addressOf(error) === address;
}

function listenError(error: unknown, port: number): CliError {
  const address = addressOf(error) ?? "this machine";
  switch (systemCode(error)) {
    case "EADDRINUSE":
      return failure(
        `port ${port} of ${address} is taken: stop what uses it, or choose another with --port`,
        error,
      );
    case "EACCES":
      return failure(
        `port ${port} is not permitted: use --port 2121, or allow low ports to Node.js once with ` +
          '`sudo setcap cap_net_bind_service=+ep "$(readlink -f "$(command -v node)")"`',
        error,
      );
    case "EADDRNOTAVAIL":
    case "EAFNOSUPPORT":
      return failure(`this machine has no address ${address}: choose another with --host`, error);
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return failure("the name given with --host cannot be resolved: give an address", error);
    default:
      return failure(`cannot listen on port ${port} of ${address}: ${systemReason(error)}`, error);
  }
}

/** Of the two ports the one that it was about. */
function portOf(error: unknown): number | undefined {
  return error instanceof Error && "port" in error && typeof error.port === "number" ? error.port : undefined;
}

function addressOf(error: unknown): string | undefined {
  return error instanceof Error && "address" in error && typeof error.address === "string"
    ? error.address
    : undefined;
}
