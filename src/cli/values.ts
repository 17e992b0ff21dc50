/** Values of flags and of the configuration file: from text, checked, with a message that says what is taken. */
import { isIP, isIPv4 } from "node:net";
import { isAccountName, MAX_ACCOUNT_NAME } from "../accounts/name.js";
import { MAX_PASSWORD_LENGTH } from "../accounts/password-length.js";
import { encodeText } from "../protocol/text.js";

/** What was expected; never holds the value, which may be a password. */
export class ValueError extends Error {
  override readonly name = "ValueError";
}

export interface Credentials {
  readonly name: string;
  readonly password: string;
}

export interface PortNumbers {
  readonly from: number;
  readonly to: number;
}

/** 0 to 65535; 0 lets the system choose. */
export function port(text: string): number {
  return wholeNumber(text, 0, 65_535, "expected a port from 0 to 65535");
}

export function count(text: string): number {
  return wholeNumber(text, 1, 1_000_000, "expected a whole number from 1 to 1000000");
}

/** Longest timeout: setTimeout takes 2^31 milliseconds, which is 24 days. */
const MAX_SECONDS = 1_000_000;

export function seconds(text: string): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!(value > 0 && value <= MAX_SECONDS))
    throw new ValueError(`expected seconds, more than 0 and at most ${MAX_SECONDS}`);
  return value;
}

/** Bytes, or with K, M or G behind, which are powers of 1024. */
export function bytes(text: string): number {
  const found = /^(\d{1,15})([KMG]?)$/i.exec(text);
  const value = Number(found?.[1]) * 1024 ** ["", "K", "M", "G"].indexOf((found?.[2] ?? "").toUpperCase());
  if (!(value >= 1 && value <= Number.MAX_SAFE_INTEGER)) {
    throw new ValueError("expected a number of bytes, or one with K, M or G behind");
  }
  return value;
}

/** First and last port, both included: `50000-50100`. */
export function portNumbers(text: string): PortNumbers {
  const expected = "expected two ports from 1 to 65535, such as 50000-50100";
  const found = /^(\d+)-(\d+)$/.exec(text);
  const from = wholeNumber(found?.[1] ?? "", 1, 65_535, expected);
  const to = wholeNumber(found?.[2] ?? "", 1, 65_535, expected);
  if (from > to) throw new ValueError("expected the lower port first, such as 50000-50100");
  return { from, to };
}

/** The name ends at the first colon; the password may hold more of them. */
export function credentials(text: string): Credentials {
  const colon = text.indexOf(":");
  if (colon === -1) throw new ValueError("expected NAME:PASSWORD");
  const [name, password] = [text.slice(0, colon), text.slice(colon + 1)];
  return { name: accountName(name), password: newPassword(password) };
}

export function accountName(text: string): string {
  if (isAccountName(text)) return text;
  throw new ValueError(
    `expected a name of 1 to ${MAX_ACCOUNT_NAME} characters without "/" and control characters`,
  );
}

/** CR, LF and NUL cannot be sent in PASS. */
export function newPassword(text: string): string {
  if (text === "") throw new ValueError("the password is empty");
  if (/[\0\r\n]/.test(text))
    throw new ValueError("the password holds a line end or NUL, which FTP cannot send");
  if (encodeText(text).length > MAX_PASSWORD_LENGTH) {
    throw new ValueError(`the password is longer than ${MAX_PASSWORD_LENGTH} bytes`);
  }
  return text;
}

/** Octal, as in a shell. */
export function umask(text: string): number {
  if (!/^0?[0-7]{1,3}$/.test(text)) throw new ValueError("expected octal digits such as 022");
  return Number.parseInt(text, 8);
}

/** What 227 can say: an IPv4 address, or a DNS name that leads to one. */
export function passiveAddress(text: string): string {
  const usable = isIPv4(text) ? text !== "0.0.0.0" : isIP(text) === 0 && isHostName(text);
  if (usable) return text;
  throw new ValueError(
    "expected an IPv4 address that clients can reach, or a DNS name, without ftp:// and port",
  );
}

export function host(text: string): string {
  if (isIP(text) !== 0 || isHostName(text) || /^[\da-f:]+%\w+$/i.test(text)) return text;
  throw new ValueError("expected an address of this machine, such as 127.0.0.1, 0.0.0.0 or ::");
}

/** `10.0.0.0/8`, `fd00::/8`, or one address. */
export function network(text: string): string {
  const [address = "", prefix, ...rest] = text.split("/");
  const longest = isIP(address) === 4 ? 32 : isIP(address) === 6 ? 128 : -1;
  const length = prefix === undefined ? longest : /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1;
  if (rest.length === 0 && length >= 0 && length <= longest) return text;
  throw new ValueError("expected a network such as 10.0.0.0/8 or fd00::/8");
}

/** RFC 1123 2.1; a last label of digits alone would be a mistyped address. */
function isHostName(text: string): boolean {
  return (
    text.length <= 253 &&
    /^(?!-)[a-z\d_-]{1,63}(\.(?!-)[a-z\d_-]{1,63})*\.?$/i.test(text) &&
    !/(^|\.)\d+\.?$/.test(text)
  );
}

export function wholeNumber(text: string, least: number, most: number, expected: string): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) throw new ValueError(expected);
  return value;
}
