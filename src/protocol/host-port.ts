/** Hosts and ports of data connections: arguments of PORT, EPRT, EPSV and LPRT, texts of 227, 228 and 229. */
import { formatIpv6, type InternetAddress, parseAddress, parseIpv4, parseIpv6 } from "./address.js";

export interface HostPort extends InternetAddress {
  /** 1 to 65535. */
  readonly port: number;
}

/**
 * "bad-family": well formed, but of a protocol that is neither IPv4 nor IPv6; 522 (RFC 2428 2), for LPRT 521
 * (RFC 1639 4). Undefined: a syntax error, 501.
 */
export type HostPortArgument = HostPort | "bad-family" | undefined;

/** A version of the Internet Protocol, that of the control connection, or EPSV ALL. Undefined: a syntax error. */
export type EpsvArgument = 4 | 6 | "any" | "all" | "bad-family" | undefined;

/** Longer than any argument with an IPv6 address. */
const LONGEST_ARGUMENT = 256;

/** The argument of PORT, `h1,h2,h3,h4,p1,p2` (RFC 959 5.3.2). Port 0 is refused: nobody can listen there. */
export function parsePort(argument: string): HostPort | undefined {
  if (!/^\d{1,3}(?:,\d{1,3}){5}$/.test(argument)) return undefined;
  return ipv4From(bytesOf(argument));
}

/** As PORT takes it and 227 gives it. The address must be IPv4, or IPv6 that maps one. */
export function formatPort({ address, port }: Pick<HostPort, "address" | "port">): string {
  const bytes = parseIpv4(address.replace(/^::ffff:/i, ""));
  if (bytes === undefined) throw new TypeError("PORT and PASV carry IPv4 addresses only");
  return [...bytes, ...portBytes(port)].join(",");
}

/** The argument of EPRT, `|2|::1|6446|` with any delimiter (RFC 2428 2). */
export function parseExtendedPort(argument: string): HostPortArgument {
  const delimiter = argument[0] ?? "";
  if (argument.length > LONGEST_ARGUMENT || !/^[!-~]$/.test(delimiter)) return undefined;
  const fields = argument.split(delimiter);
  if (fields.length !== 5 || fields[4] !== "") return undefined;
  const [, protocol, address, digits] = fields as [string, string, string, string, string];
  const port = portOf(digits);
  if (port === undefined || !/^\d{1,5}$/.test(protocol)) return undefined;
  const family = familyOf(Number(protocol));
  if (family === undefined) return "bad-family";
  const known = parseAddress(address, family);
  return known === undefined ? undefined : { ...known, port };
}

export function formatExtendedPort({ family, address, port }: HostPort): string {
  return `|${family === 4 ? 1 : 2}|${address}|${checkedPort(port)}|`;
}

/** The argument of EPSV: none, a protocol number, or ALL (RFC 2428 3). */
export function parseEpsv(argument: string): EpsvArgument {
  if (argument === "") return "any";
  if (argument.toUpperCase() === "ALL") return "all";
  return /^\d{1,5}$/.test(argument) ? (familyOf(Number(argument)) ?? "bad-family") : undefined;
}

/** The argument of LPRT: version, address length, address, port length, port, all in decimal bytes (RFC 1639 2). */
export function parseLongPort(argument: string): HostPortArgument {
  if (argument.length > LONGEST_ARGUMENT || !/^\d{1,3}(?:,\d{1,3})+$/.test(argument)) return undefined;
  const bytes = bytesOf(argument);
  const addressLength = bytes[1] as number;
  const address = bytes.slice(2, 2 + addressLength);
  const port = bytes.slice(3 + addressLength);
  const wellFormed = bytes.every((byte) => byte <= 255) && port.length === bytes[2 + addressLength];
  if (!wellFormed || port.length === 0) return undefined;
  const version = bytes[0];
  if (version !== 4 && version !== 6) return "bad-family";
  return longHostPort(version, address, port);
}

/** As LPRT takes it and 228 gives it. */
export function formatLongPort({ family, address, port }: HostPort): string {
  const bytes = family === 4 ? parseIpv4(address) : parseIpv6(address)?.flatMap((g) => [g >> 8, g & 255]);
  if (bytes === undefined) throw new TypeError("not an address of the protocol");
  return [family, bytes.length, ...bytes, 2, ...portBytes(port)].join(",");
}

/** Text of reply 227 (RFC 959 5.4 gives no form; RFC 1123 4.1.2.6 warns that clients look for this one). */
export function formatPassiveReply(hostPort: Pick<HostPort, "address" | "port">): string {
  return `Entering Passive Mode (${formatPort(hostPort)}).`;
}

/** Text of a reply 227: six numbers wherever they stand, in parentheses or not (RFC 1123 4.1.2.6). */
export function parsePassiveReply(text: string): HostPort | undefined {
  for (const [found] of text.matchAll(/(?<!\d)\d{1,3}(?: ?, ?\d{1,3}){5}(?!\d)/g)) {
    const hostPort = ipv4From(bytesOf(found));
    if (hostPort !== undefined) return hostPort;
  }
  return undefined;
}

/** Text of reply 228 (RFC 1639 3). */
export function formatLongPassiveReply(hostPort: HostPort): string {
  return `Entering Long Passive Mode (${formatLongPort(hostPort)}).`;
}

/** Text of a reply 228, as tolerant as {@link parsePassiveReply}. */
export function parseLongPassiveReply(text: string): HostPort | undefined {
  const found = /(?<!\d)[46](?: ?, ?\d{1,3}){8,20}(?![\d,])/.exec(text);
  if (found === null) return undefined;
  const argument = parseLongPort(found[0].replaceAll(" ", ""));
  return argument === "bad-family" ? undefined : argument;
}

/** Text of reply 229 (RFC 2428 3). */
export function formatExtendedPassiveReply(port: number): string {
  return `Entering Extended Passive Mode (|||${checkedPort(port)}|)`;
}

/**
 * The port in the text of a reply 229. A protocol and an address, which RFC 2428 3 forbids there, are skipped:
 * the host is that of the control connection, whatever the reply says.
 */
export function parseExtendedPassiveReply(text: string): number | undefined {
  const found =
    /\(([!-~])(?:\1\1|[12]\1[0-9a-f:.]{2,45}\1)(\d{1,5})\1\)/i.exec(text) ?? /(\|)\|\|(\d{1,5})\|/.exec(text);
  return found === null ? undefined : portOf(found[2] as string);
}

/** Text of reply 522, which must end in the protocols that can be used (RFC 2428 2). */
export function formatBadFamilyReply(families: readonly (4 | 6)[]): string {
  const numbers = families.map((family) => (family === 4 ? 1 : 2));
  return `Network protocol not supported, use (${numbers.join(",")})`;
}

function longHostPort(version: 4 | 6, address: number[], port: number[]): HostPort | undefined {
  if (address.length !== (version === 4 ? 4 : 16) || port.length !== 2) return undefined;
  const number = (port[0] as number) * 256 + (port[1] as number);
  if (number === 0) return undefined;
  const text = version === 4 ? address.join(".") : formatIpv6(pairs(address));
  return { family: version, address: text, port: number };
}

function ipv4From(bytes: readonly number[]): HostPort | undefined {
  if (bytes.some((byte) => byte > 255)) return undefined;
  const port = (bytes[4] as number) * 256 + (bytes[5] as number);
  return port === 0 ? undefined : { family: 4, address: bytes.slice(0, 4).join("."), port };
}

function bytesOf(list: string): number[] {
  return list.split(",").map(Number);
}

function pairs(bytes: readonly number[]): number[] {
  return Array.from({ length: 8 }, (_, n) => ((bytes[2 * n] as number) << 8) | (bytes[2 * n + 1] as number));
}

function portOf(digits: string): number | undefined {
  if (!/^\d{1,5}$/.test(digits)) return undefined;
  const port = Number(digits);
  return port >= 1 && port <= 65_535 ? port : undefined;
}

function portBytes(port: number): [number, number] {
  return [checkedPort(port) >> 8, port & 255];
}

function checkedPort(port: number): number {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new RangeError(`not a port: ${port}`);
  return port;
}

/** Address family numbers of RFC 2428 2 to versions of the Internet Protocol. */
function familyOf(protocol: number): 4 | 6 | undefined {
  return protocol === 1 ? 4 : protocol === 2 ? 6 : undefined;
}
