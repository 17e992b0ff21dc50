/** IP addresses as sockets and commands tell them, in one spelling each. */
import { isIP, SocketAddress } from "node:net";

const MAPPED_IPV4 = "::ffff:";

/**
 * The one spelling of an IP address: IPv6 compressed and in lower case (RFC 5952 4), an IPv4 address that an
 * IPv6 socket shows as `::ffff:192.0.2.1` (RFC 4291 2.5.5.2) as plain IPv4, a scope (`%eth0`) kept. What is no
 * address comes back unchanged.
 */
export function normalAddress(address: string): string {
  if (isIP(address) !== 6) return address;
  const [host = "", scope] = address.split("%", 2);
  const spelled = new SocketAddress({ address: host, family: "ipv6" }).address;
  if (spelled.startsWith(MAPPED_IPV4) && isIP(spelled.slice(MAPPED_IPV4.length)) === 4) {
    return spelled.slice(MAPPED_IPV4.length);
  }
  return scope === undefined ? spelled : `${spelled}%${scope}`;
}

/** Whether two spellings are the same address. A scope counts only where both have one (RFC 4007 11). */
export function sameAddress(one: string, other: string): boolean {
  const [oneHost, oneScope] = normalAddress(one).split("%", 2);
  const [otherHost, otherScope] = normalAddress(other).split("%", 2);
  return (
    oneHost === otherHost && (oneScope === undefined || otherScope === undefined || oneScope === otherScope)
  );
}

/** 4, 6, or undefined for what is no address; `::ffff:192.0.2.1` is of family 4. */
export function addressFamily(address: string): 4 | 6 | undefined {
  const family = isIP(normalAddress(address));
  return family === 4 || family === 6 ? family : undefined;
}
