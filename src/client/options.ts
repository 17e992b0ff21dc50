/** What a client can be told; every default is safe for a server on the open Internet. */
import type { Reply } from "../protocol/reply.js";
import { FtpArgumentError } from "./errors.js";
import type { RateLimit } from "./rate-limit.js";
import { type FtpTlsOptions, type TlsMode, type TlsSettings, tlsSettingsOf } from "./tls-options.js";

/** How data connections are made. "auto": EPSV, then PASV, then active; what worked is remembered. */
export type DataMode = "auto" | "passive" | "active";

export interface FtpClientOptions {
  /** A name or an address. */
  readonly host: string;
  /** 21 when absent; 990 for implicit TLS. */
  readonly port?: number;
  /** "anonymous" when absent. */
  readonly user?: string;
  /** "anonymous@" when absent. */
  readonly password?: string;
  /** For servers that ask for one (ACCT). */
  readonly account?: string;
  /** "off" when absent: everything goes in clear. */
  readonly tls?: TlsMode;
  readonly tlsOptions?: FtpTlsOptions;
  /** The address that connections come from. */
  readonly localAddress?: string;
  /** `http://[user:password@]host:port` (CONNECT) or `socks5://…`; passive data connections go through it too. */
  readonly proxy?: string;
  readonly dataMode?: DataMode;
  readonly active?: ActiveModeOptions;
  /**
   * Whether the address in a 227 is used. Never needed unless data go to another machine than commands; a server
   * can make us connect anywhere by it (CVE-2020-8284), so the control connection's host is used instead.
   */
  readonly trustPassiveAddress?: boolean;
  /** In active mode: whether anybody may connect, not only the server. */
  readonly allowForeignData?: boolean;
  /** A WHATWG label such as "windows-1252" or "gbk" for servers whose FEAT does not list UTF8; "utf-8" when absent. */
  readonly charset?: string;
  /** Use `charset` whatever FEAT says. */
  readonly charsetAlways?: boolean;
  /** All in milliseconds. */
  readonly timeouts?: Partial<FtpTimeouts>;
  readonly limits?: Partial<FtpLimits>;
  /** Bytes per second at most: of each transfer; of a pool, or with a limit that clients share, of all together. */
  readonly rate?: number | RateLimit;
  /**
   * Milliseconds between NOOPs while a transfer runs, for NATs that forget silent connections. Off when absent:
   * some servers answer them late, or take them for an error of the transfer; TCP keep-alive is always on.
   */
  readonly keepAlive?: number;
  readonly reconnect?: Partial<ReconnectOptions>;
  /** Told every line of the conversation; passwords are masked. */
  readonly onTrace?: (line: TraceLine) => void;
}

export interface ActiveModeOptions {
  /** First and last port to listen on, both included; IANA's dynamic range when absent. */
  readonly ports?: { readonly from: number; readonly to: number };
  /** What PORT and EPRT say, for clients behind NAT with forwarded ports. The control connection's when absent. */
  readonly address?: string;
}

export interface FtpTimeouts {
  /** To reach the server, through the proxy too. */
  readonly connect: number;
  /** For a reply, the first one included. */
  readonly reply: number;
  /** For a data connection. */
  readonly dataConnect: number;
  /** Of a transfer without a byte moving. */
  readonly stall: number;
  /** For the completion reply after the last byte: some servers check or move the file first. */
  readonly completion: number;
  /** For the replies after an abort; then the connection is closed. */
  readonly abort: number;
}

export interface FtpLimits {
  /** Bytes in one line of a reply. */
  readonly replyLine: number;
  /** Bytes in one reply. */
  readonly reply: number;
  /** Lines in one reply. */
  readonly replyLines: number;
  /** Bytes in one line of a listing. */
  readonly listingLine: number;
  /** Bytes in one listing. */
  readonly listing: number;
  /** Bytes that `readFile` takes. */
  readonly file: number;
}

export interface ReconnectOptions {
  /** Times to try in a row; once at least: a call without a connection always makes one. */
  readonly attempts: number;
  /** Milliseconds before the second try; doubled with each one. */
  readonly delay: number;
  readonly maxDelay: number;
}

/** One line of the conversation: what we sent, what came, or a note. */
export type TraceLine =
  | { readonly kind: "command"; readonly text: string }
  | { readonly kind: "reply"; readonly reply: Reply<number> }
  | { readonly kind: "note"; readonly text: string };

export const DEFAULT_CLIENT_TIMEOUTS: FtpTimeouts = {
  connect: 20_000,
  reply: 30_000,
  dataConnect: 10_000,
  stall: 60_000,
  completion: 60_000,
  abort: 5_000,
};

export const DEFAULT_CLIENT_LIMITS: FtpLimits = {
  replyLine: 16 * 1024,
  reply: 1024 * 1024,
  replyLines: 20_000,
  listingLine: 16 * 1024,
  // About four million entries.
  listing: 512 * 1024 * 1024,
  file: 64 * 1024 * 1024,
};

export const DEFAULT_RECONNECT: ReconnectOptions = { attempts: 4, delay: 500, maxDelay: 30_000 };

/** The options with every default in its place. */
export interface Settings {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly account: string | undefined;
  readonly tls: TlsSettings | undefined;
  readonly localAddress: string | undefined;
  readonly proxy: string | undefined;
  readonly dataMode: DataMode;
  readonly active: ActiveModeOptions;
  readonly trustPassiveAddress: boolean;
  readonly allowForeignData: boolean;
  readonly charset: string;
  readonly charsetAlways: boolean;
  readonly timeouts: FtpTimeouts;
  readonly limits: FtpLimits;
  readonly rate: number | RateLimit | undefined;
  readonly keepAlive: number | undefined;
  readonly reconnect: ReconnectOptions;
  readonly trace: ((line: TraceLine) => void) | undefined;
}

/** @throws FtpArgumentError for what cannot be right, before anything is connected */
export function settingsOf(o: FtpClientOptions): Settings {
  const port = o.port ?? (o.tls === "implicit" ? 990 : 21);
  if (o.host === "" || /[\s\0]/.test(o.host)) throw new FtpArgumentError("host is no name or address");
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new FtpArgumentError(`not a port: ${port}`);
  if (typeof o.rate === "number" && !(o.rate > 0)) throw new FtpArgumentError("rate is to be more than 0");
  if (o.keepAlive !== undefined && !(o.keepAlive >= 100)) {
    throw new FtpArgumentError("keepAlive is to be 100 ms or more");
  }
  if (o.proxy !== undefined && o.dataMode === "active") {
    throw new FtpArgumentError("active mode cannot work through a proxy");
  }
  const charset = o.charset ?? "utf-8";
  for (const text of [o.user, o.password, o.account]) {
    if (text !== undefined && /[\r\n\0]/.test(text)) {
      throw new FtpArgumentError("user, password and account cannot hold CR, LF or NUL");
    }
  }
  return {
    host: o.host,
    port,
    user: o.user ?? "anonymous",
    password: o.password ?? "anonymous@",
    account: o.account,
    tls: tlsSettingsOf(o.tls, o.tlsOptions, o.host),
    localAddress: o.localAddress,
    proxy: o.proxy,
    dataMode: o.dataMode ?? "auto",
    active: o.active ?? {},
    trustPassiveAddress: o.trustPassiveAddress ?? false,
    allowForeignData: o.allowForeignData ?? false,
    charset,
    charsetAlways: o.charsetAlways ?? false,
    timeouts: { ...DEFAULT_CLIENT_TIMEOUTS, ...o.timeouts },
    limits: { ...DEFAULT_CLIENT_LIMITS, ...o.limits },
    rate: o.rate,
    keepAlive: o.keepAlive,
    reconnect: { ...DEFAULT_RECONNECT, ...o.reconnect },
    trace: o.onTrace,
  };
}

/** Whose files a session shows: `anna@ftp.example.org:21`. */
export function originOf({ user, host, port }: Pick<Settings, "user" | "host" | "port">): string {
  return `${user}@${host}:${port}`;
}
