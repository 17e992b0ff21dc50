/** URLs of files and folders on FTP servers (RFC 1738 3.2), from text and back. */
import { Buffer } from "node:buffer";
import { isIPv6 } from "node:net";
import { domainToASCII } from "node:url";
import { decodeText, encodeText } from "../protocol/text.js";
import { FtpArgumentError } from "./errors.js";

export interface FtpUrl {
  /** `ftps` is implicit TLS; `ftpes` explicit TLS, which has no registered scheme. */
  readonly scheme: FtpScheme;
  /** A name, or an address; IPv6 without brackets. */
  readonly host: string;
  readonly port?: number;
  readonly user?: string;
  readonly password?: string;
  /**
   * As the client's verbs take it: seen from the login directory, or absolute with "/" first; without "/" at its
   * end. "" is the login directory.
   */
  readonly path: string;
  /** Whether it can only be a folder: nothing is named, or "/" is last. */
  readonly folder: boolean;
  /** `;type=`: ASCII, image, or a list of names. */
  readonly type?: "a" | "i" | "d";
}

export type FtpScheme = "ftp" | "ftps" | "ftpes";

const SCHEMES: readonly string[] = ["ftp", "ftps", "ftpes"] satisfies FtpScheme[];

/**
 * Reads a URL as people write it: whatever has no meaning in it, a space or "#" or "?", stands for itself. `//path` and
 * `%2Fpath` behind the host are absolute. Encoded bytes that are not UTF-8 survive.
 * @throws FtpArgumentError; the message never holds the text, which may hold a password
 */
export function parseFtpUrl(text: string): FtpUrl {
  const found = /^([a-z][a-z\d+.-]*):\/\//i.exec(text);
  if (found === null) throw new FtpArgumentError("not a URL: expected ftp://host/path");
  const scheme = schemeOf((found[1] as string).toLowerCase());
  const rest = text.slice(found[0].length);
  const slash = rest.indexOf("/");
  const authority = slash === -1 ? rest : rest.slice(0, slash);
  return {
    scheme,
    ...parseAuthority(authority),
    ...parsePath(slash === -1 ? "" : rest.slice(slash + 1)),
  };
}

/** The URL that {@link parseFtpUrl} reads as the same; names in it are never taken for patterns by a shell. */
export function formatFtpUrl({ scheme, host, port, user, password, path, folder, type }: FtpUrl): string {
  const login =
    user === undefined
      ? ""
      : `${encoded(user, AUTHORITY)}${password === undefined ? "" : `:${encoded(password, AUTHORITY)}`}@`;
  const name = host.includes(":") ? `[${host.replace("%", "%25")}]` : host;
  const place = path.startsWith("/") ? `%2F${encoded(path.slice(1), PATH)}` : encoded(path, PATH);
  const end = folder && path !== "" && path !== "/" ? "/" : "";
  const marker = type === undefined ? "" : `;type=${type}`;
  return `${scheme}://${login}${name}${port === undefined ? "" : `:${port}`}/${place}${end}${marker}`;
}

function schemeOf(name: string): FtpScheme {
  if (SCHEMES.includes(name)) return name as FtpScheme;
  throw new FtpArgumentError(
    name === "sftp"
      ? "sftp:// is another protocol, of SSH: Ferry speaks ftp://, ftps:// and ftpes://"
      : "expected ftp://, ftps:// (implicit TLS) or ftpes:// (explicit TLS) at the beginning of the URL",
  );
}

type Login = Pick<FtpUrl, "user" | "password">;

function parseAuthority(authority: string): Login & Pick<FtpUrl, "host" | "port"> {
  // The last one: a password that holds an unencoded "@" is a common slip, and a host never does.
  const at = authority.lastIndexOf("@");
  const [, host = "", , port] = /^(\[[^\]]*\]|[^:]*)(:(.*))?$/s.exec(authority.slice(at + 1)) ?? [];
  return { ...parseLogin(at === -1 ? "" : authority.slice(0, at)), host: hostOf(host), ...portOf(port) };
}

function parseLogin(text: string): Login {
  if (text === "") return {};
  const colon = text.indexOf(":");
  if (colon === -1) return { user: decoded(text, "the user") };
  if (colon === 0) throw new FtpArgumentError("the URL has a password, but no user");
  return {
    user: decoded(text.slice(0, colon), "the user"),
    password: decoded(text.slice(colon + 1), "the password"),
  };
}

function hostOf(text: string): string {
  if (text.startsWith("[")) {
    // RFC 6874: the "%" before a zone is written "%25"; people write it bare too.
    const [address = "", zone, ...more] = text.slice(1, -1).replace("%25", "%").split("%");
    const usable = isIPv6(address) && more.length === 0 && (zone === undefined || /^[\w.~-]+$/.test(zone));
    if (!usable) throw new FtpArgumentError("no IPv6 address is between the brackets of the URL");
    return zone === undefined ? address : `${address}%${zone}`;
  }
  if (text === "") throw new FtpArgumentError("the URL names no host");
  // Names in other scripts are sent to the resolver as IDNA has them (RFC 5890).
  const ascii = /^[\w.-]+$/.test(text)
    ? text
    : /^[\w.\u0080-\u{10ffff}-]+$/u.test(text)
      ? domainToASCII(text)
      : "";
  if (!/^[\w.-]{1,253}$/.test(ascii)) {
    throw new FtpArgumentError(
      'the host of the URL is no name or address (a "/", "#", "?" or "@" in a password is written %2F, %23, %3F, %40)',
    );
  }
  return ascii;
}

function portOf(text: string | undefined): Pick<FtpUrl, "port"> {
  if (text === undefined || text === "") return {};
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65_535) return { port };
  throw new FtpArgumentError(
    'the port of the URL is not from 1 to 65535 (a "/" in a password is written %2F)',
  );
}

function parsePath(text: string): Pick<FtpUrl, "path" | "folder" | "type"> {
  const [marker, type] = /;type=([^;/]*)$/i.exec(text) ?? [];
  const whole = decoded(marker === undefined ? text : text.slice(0, -marker.length), "the path");
  // "//" and more mean the root: the first one of the URL only ends the host.
  const path = whole === "" ? "" : whole.replace(/^\/+/, "/").replace(/(?<=[^/])\/+$/, "");
  const folder = whole === "" || whole.endsWith("/");
  return { path, folder, ...(type !== undefined && { type: typeOf(type.toLowerCase()) }) };
}

function typeOf(code: string): "a" | "i" | "d" {
  if (code === "a" || code === "i" || code === "d") return code;
  throw new FtpArgumentError(";type= at the end of the URL is to be a, i or d");
}

/** @param what Names the part in an error. */
function decoded(text: string, what: string): string {
  if (/%(?![\da-f]{2})/i.test(text)) {
    throw new FtpArgumentError(`a "%" in ${what} of the URL stands before no two digits: write it %25`);
  }
  const bytes: Buffer[] = text
    .split(/((?:%[\da-f]{2})+)/i)
    .map((part, n) => (n % 2 === 1 ? Buffer.from(part.replaceAll("%", ""), "hex") : encodeText(part)));
  const result = decodeText(Buffer.concat(bytes));
  if (/[\0\r\n]/.test(result)) {
    throw new FtpArgumentError(`${what} of the URL holds a line end or NUL, which FTP cannot send`);
  }
  return result;
}

/** RFC 3986 2.3 and what else means nothing where it stands; what shells and patterns expand is encoded. */
const AUTHORITY = /[\w.~!$&'()+,=-]/;
const PATH = /[\w.~!$&'()+,=:@/-]/;

function encoded(text: string, plain: RegExp): string {
  let result = "";
  for (const byte of encodeText(text)) {
    const character = String.fromCharCode(byte);
    result += plain.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return result;
}
