/** Opens the listening sockets of a server: all hosts with one port, or none. */
import { type AddressInfo, isIPv4, type Server } from "node:net";

export interface ListenAddress {
  readonly address: string;
  readonly port: number;
  readonly family: "IPv4" | "IPv6";
  /** TLS begins at once there. */
  readonly implicitTls?: boolean;
}

/** With port 0 the first host's port may be taken on the next one; then another is tried, so often. */
const FREE_PORT_TRIES = 20;

/** @throws the system's error for the first host that cannot be listened on; then all are closed again. */
export async function listenOnAll(
  hosts: readonly string[],
  port: number,
  make: () => Server,
): Promise<{ listeners: Server[]; addresses: ListenAddress[] }> {
  for (let tries = 1; ; tries++) {
    try {
      return await listenOnce(hosts, port, make);
    } catch (error) {
      const taken = port === 0 && hosts.length > 1 && (error as NodeJS.ErrnoException).code === "EADDRINUSE";
      if (!taken || tries === FREE_PORT_TRIES) throw error;
    }
  }
}

async function listenOnce(
  hosts: readonly string[],
  port: number,
  make: () => Server,
): Promise<{ listeners: Server[]; addresses: ListenAddress[] }> {
  const listeners: Server[] = [];
  const addresses: ListenAddress[] = [];
  // Beside 0.0.0.0 the host :: must leave the IPv4 half of the port alone.
  const ipv6Only = hosts.some((host) => isIPv4(host));
  try {
    for (const host of hosts) {
      const listener = make();
      listeners.push(listener);
      const address = await listen(listener, { host, port: addresses[0]?.port ?? port, ipv6Only });
      addresses.push({
        address: address.address,
        port: address.port,
        family: isIPv4(address.address) ? "IPv4" : "IPv6",
      });
    }
  } catch (error) {
    for (const listener of listeners) listener.close();
    throw error;
  }
  return { listeners, addresses };
}

function listen(
  listener: Server,
  where: { host: string; port: number; ipv6Only: boolean },
): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    listener.once("error", reject);
    // 511 connections may wait, as in Node; the system's own limit is lower where it is set so.
    listener.listen({ ...where, exclusive: true }, () => {
      listener.removeListener("error", reject);
      listener.on("error", () => {}); // accept() failed, as with too many open files: the next one may work
      resolve(listener.address() as AddressInfo);
    });
  });
}
