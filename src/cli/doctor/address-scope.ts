/** Who can reach an IPv4 address, and what is wrong with the one that a 227 tells. */
import { addressFamily, sameAddress } from "../../connection/address.js";
import { parseIpv4 } from "../../protocol/address.js";

/** "private": RFC 1918, and what else leads nowhere on the Internet (RFC 6598, RFC 3927). */
export type Scope = "none" | "loopback" | "private" | "public";

export function scopeOf(address: string): Scope {
  const [a, b] = parseIpv4(address) ?? [];
  if (a === undefined || b === undefined) return ipv6Scope(address);
  if (a === 0) return "none";
  if (a === 127) return "loopback";
  const isPrivate =
    a === 10 ||
    (a === 172 && b >= 16 && b <= 31) ||
    (a === 192 && b === 168) ||
    (a === 100 && b >= 64 && b <= 127) ||
    (a === 169 && b === 254);
  return isPrivate ? "private" : "public";
}

function ipv6Scope(address: string): Scope {
  if (address === "::") return "none";
  if (address === "::1") return "loopback";
  return /^f(?:[cd]|e[89ab])/i.test(address) ? "private" : "public";
}

export type ToldAddress = "same" | "zero" | "private" | "outside" | "foreign";

/**
 * The address of a 227 beside the one that the control connection leads to. "outside": a server on our own
 * network tells the address that it has on the Internet.
 */
export function judgeToldAddress(told: string, control: string): ToldAddress {
  if (sameAddress(told, control)) return "same";
  const scope = scopeOf(told);
  if (scope === "none") return "zero";
  if (scope !== "public") return "private";
  return addressFamily(control) === 4 && scopeOf(control) === "private" ? "outside" : "foreign";
}
