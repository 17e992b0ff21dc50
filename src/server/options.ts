/** What a server can be told; every default is safe for a machine on the open Internet. */
import type { AccountStore } from "../accounts/accounts.js";
import type { TlsIdentities } from "../connection/tls/identity.js";
import type { ClientCertificates, DataBinding } from "../connection/tls/session-tls.js";

export interface ServerOptions {
  readonly accounts: AccountStore;
  /** What the welcome (220) says; one line. */
  readonly banner?: string;
  /** RFC 959 to the letter where the field does otherwise: TYPE A at first, CDUP 200, no code outside 5.4. */
  readonly strictRfc959?: boolean;
  /** Data connections from and to other addresses than the client's own: FXP. Opens the way for bounce attacks. */
  readonly allowForeignData?: boolean;
  /** Transfers without PORT or PASV connect to the client's control port (RFC 959 3.2). */
  readonly defaultDataPort?: boolean;
  readonly passive?: PassiveOptions;
  readonly limits?: Partial<ServerLimits>;
  /** All in milliseconds. */
  readonly timeouts?: Partial<ServerTimeouts>;
  /** TLS; it is off when this is absent. */
  readonly tls?: TlsOptions | undefined;
  /** Names that HOST (RFC 7151) accepts; every other one is answered 504. */
  readonly hostNames?: readonly string[];
  /** Profile files for SMNT come with the account; see Account.mounts. */
}

/** What is said here holds for sessions that connect from now on; those that have TLS keep what they have. */
export interface TlsOptions {
  readonly identities: TlsIdentities;
  /** Whether a login needs TLS; "allow" when absent. */
  readonly control?: "allow" | "require";
  /** Whether data connections may be (PROT P), or have to be, in TLS; as `control` when absent. */
  readonly data?: "off" | "allow" | "require";
  /** How a data connection has to belong to its session; "prefer" when absent. */
  readonly binding?: DataBinding;
  /** Certificates of clients; none are asked for when absent. */
  readonly clients?: ClientCertificates;
  /** Whether CCC may end the protection of the control connection; false when absent. */
  readonly clearControl?: boolean;
  /** Whether an upload without close_notify counts as whole, for clients that never send it; false when absent. */
  readonly acceptBareEnd?: boolean;
}

export interface PassiveOptions {
  /** First and last port, both included. */
  readonly ports?: { readonly from: number; readonly to: number };
  /** What 227 says, for servers behind NAT. Absent: the address that the client reached. */
  readonly address?: PassiveAddress;
}

/**
 * One IPv4 address or DNS name for all; or by the client's network, the first that holds it; or asked each time.
 * A rule without `address` means the address that the client reached.
 */
export type PassiveAddress =
  | string
  | readonly { readonly network: string; readonly address?: string }[]
  | ((peer: {
      readonly address: string;
      readonly local: string;
    }) => string | undefined | Promise<string | undefined>);

export interface ServerLimits {
  /** Sessions in all; one more is answered 421. */
  readonly sessions: number;
  readonly sessionsPerAddress: number;
  readonly sessionsPerAccount: number;
  /** Failed logins in a session before it is closed. */
  readonly loginAttempts: number;
  /** Commands before login that are wrong or not allowed, before the session is closed. */
  readonly commandsBeforeLogin: number;
  /** Bytes in a command line. */
  readonly commandLine: number;
  /** Commands that wait behind a transfer. */
  readonly queuedCommands: number;
}

export interface ServerTimeouts {
  /** From connecting to being logged in. */
  readonly login: number;
  /** Without a command; the clock stands while a transfer moves. */
  readonly idle: number;
  /** From the 1xx reply to an open data connection. */
  readonly dataConnect: number;
  /**
   * Of a transfer without a byte moving. A client that limits its own rate can stand still for a minute, because
   * the kernel asks for more only when a third of its buffer is free; vsftpd waits 300 s too.
   */
  readonly stall: number;
  /** Of one TLS handshake, on control and data connections. */
  readonly tlsHandshake: number;
  /** Before a failed login is answered; doubled with each one of the session, up to 8 times. */
  readonly failedLogin: number;
  /** That `close()` gives running transfers. */
  readonly drain: number;
  /** That a storage or an account store has to let go of what it holds for a transfer or a session that has ended. */
  readonly release: number;
}

export const DEFAULT_LIMITS: ServerLimits = {
  sessions: 2000,
  sessionsPerAddress: 100,
  sessionsPerAccount: 1000,
  loginAttempts: 3,
  commandsBeforeLogin: 10,
  commandLine: 8192,
  queuedCommands: 64,
};

export const DEFAULT_TIMEOUTS: ServerTimeouts = {
  login: 60_000,
  idle: 300_000,
  dataConnect: 30_000,
  tlsHandshake: 10_000,
  stall: 300_000,
  failedLogin: 500,
  drain: 30_000,
  release: 10_000,
};

/** IANA's dynamic range (RFC 6335 6): nothing else is registered there. */
export const DEFAULT_PASSIVE_PORTS = { from: 49_152, to: 65_535 } as const;
