/** What `ferry serve` prints on stdout when it is ready (DESIGN 7; tests and users rely on it). */
import { isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";
import type { ListenAddress } from "../../server/listen.js";
import type { Credentials } from "../values.js";

/** `ferry: listening on ftp://127.0.0.1:2121, ftps://127.0.0.1:990 (root ./files)`; ftps is implicit TLS. */
export function readyLine(addresses: readonly ListenAddress[], root: string): string {
  const urls = addresses.map(
    ({ address, port, implicitTls }) => `${implicitTls ? "ftps" : "ftp"}://${urlHost(address)}:${port}`,
  );
  return `ferry: listening on ${urls.join(", ")} (root ${root})`;
}

/** What whoever sees a self-signed certificate for the first time should compare. */
export function fingerprintLine(fingerprint: string): string {
  return `ferry: certificate SHA-256 ${fingerprint}`;
}

/** The generated account, and a URL that can be pasted into a client. */
export function accountLines(addresses: readonly ListenAddress[], { name, password }: Credentials): string[] {
  const first = addresses[0];
  if (first === undefined) return [];
  const host = urlHost(reachable(first.address));
  return [
    `ferry: account ${name}, password ${password}`,
    `ferry: ftp://${name}:${password}@${host}:${first.port}/`,
  ];
}

/** A zone (`fe80::1%eth0`) is written with its percent sign encoded (RFC 6874). */
function urlHost(address: string): string {
  return isIPv6(address) ? `[${address.replace("%", "%25")}]` : address;
}

/** Nobody can connect to 0.0.0.0 or :: from elsewhere, so an address of this machine stands for them. */
function reachable(address: string): string {
  if (address !== "0.0.0.0" && address !== "::") return address;
  const outward = Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .find(({ internal, family }) => !internal && family === "IPv4");
  return outward?.address ?? "127.0.0.1";
}
