/** What `ferry serve` can be told, by flags or by a configuration file with the same words. */
import { type Command, Option } from "commander";
import {
  DEFAULT_TIMEOUTS,
  DEFAULT_LIMITS as limits,
  DEFAULT_PASSIVE_PORTS as passive,
  type ServerTimeouts,
} from "../../server/options.js";
import { accountsPlace } from "../accounts-place.js";
import { one, several } from "../flags.js";
import * as values from "../values.js";

export const LOG_KINDS = ["pretty", "json", "silent"] as const;
export type LogKind = (typeof LOG_KINDS)[number];

export const UPLOAD_KINDS = ["atomic", "direct"] as const;
export const TLS_KINDS = ["off", "allow", "require"] as const;
export type TlsKind = (typeof TLS_KINDS)[number];

export const TLS_DATA_KINDS = ["off", "prefer", "require"] as const;
export type TlsDataKind = (typeof TLS_DATA_KINDS)[number];

export type UploadKind = (typeof UPLOAD_KINDS)[number];

/** Absent is what was not said. Times are in seconds. */
export interface ServeOptions {
  readonly root?: string;
  readonly port?: number;
  readonly host?: readonly string[];
  readonly user?: readonly values.Credentials[];
  readonly anonymous?: boolean;
  readonly accounts?: string;
  readonly readOnly?: boolean;
  readonly tls?: TlsKind;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsSelfSigned?: boolean;
  readonly implicitTlsPort?: number;
  readonly tlsData?: TlsDataKind;
  /** These have no flag. */
  readonly tlsProtectData?: TlsKind;
  readonly tlsHosts?: readonly {
    readonly hosts?: readonly string[];
    readonly cert: string;
    readonly key: string;
  }[];
  readonly tlsClientCertificates?: "request" | "require";
  readonly tlsClientCa?: string;
  readonly tlsClientCrl?: string;
  readonly tlsClearControl?: boolean;
  readonly tlsAcceptBareEnd?: boolean;
  /** Where what is made once is kept. */
  readonly stateDirectory?: string;
  readonly passivePorts?: values.PortNumbers;
  readonly passiveAddress?: string | readonly { readonly network: string; readonly address?: string }[];
  readonly maxSessions?: number;
  readonly maxSessionsPerAddress?: number;
  readonly maxLoginAttempts?: number;
  readonly idleTimeout?: number;
  readonly loginTimeout?: number;
  readonly dataTimeout?: number;
  readonly drainTimeout?: number;
  readonly uploads?: UploadKind;
  readonly umask?: number;
  readonly xferlog?: string;
  readonly strictRfc959?: boolean;
  readonly allowForeignData?: boolean;
  readonly log?: LogKind;
  /** In the configuration file only: whether logins and transfers are written to the accounts' database. */
  readonly audit?: AuditOptions;
}

export interface AuditOptions {
  readonly logins: boolean;
  readonly transfers: boolean;
  readonly keepDays: number;
}

export function addServeOptions(command: Command): Command {
  const options = [
    one("--port <number>", "control port; 0 takes a free one (default 21)", values.port),
    several("--host <address>", "listen here; again for more (default 127.0.0.1 and ::1)", values.host),
    new Option("--config <file>", "read the rest from a YAML file; flags beat it"),
    several(
      "--user <name:password>",
      "an account in ROOT with all permissions; again for more",
      values.credentials,
    ),
    new Option("--anonymous", "let anybody read ROOT"),
    one("--accounts <place>", "accounts file or mongodb://host/database, see `ferry user`", accountsPlace),
    new Option("--read-only", "nobody changes anything"),
    new Option(
      "--tls <policy>",
      "off; allow: AUTH TLS; require: no login without (default allow with a certificate)",
    ).choices(TLS_KINDS),
    new Option("--tls-cert <file>", "PEM file with the certificate and its chain; followed when it changes"),
    new Option("--tls-key <file>", "PEM file with the private key, not encrypted"),
    new Option("--tls-self-signed", "make a certificate once, keep it, and print its fingerprint"),
    one("--implicit-tls-port <number>", "a second port where TLS begins at once, such as 990", values.port),
    new Option(
      "--tls-data <binding>",
      "prefer: data connections resume the session or bring none; require; off (default prefer)",
    ).choices(TLS_DATA_KINDS),
    one(
      "--passive-ports <first-last>",
      `ports of passive data connections (default ${passive.from}-${passive.to})`,
      values.portNumbers,
    ),
    one(
      "--passive-address <address>",
      "address or DNS name that PASV tells, behind NAT",
      values.passiveAddress,
    ),
    one("--max-sessions <number>", `sessions at once (default ${limits.sessions})`, values.count),
    one(
      "--max-sessions-per-address <number>",
      `of one client address (default ${limits.sessionsPerAddress})`,
      values.count,
    ),
    one(
      "--max-login-attempts <number>",
      `failed logins before a session is closed (default ${limits.loginAttempts})`,
      values.count,
    ),
    one(
      "--idle-timeout <seconds>",
      `without a command or a transfer (default ${inSeconds("idle")})`,
      values.seconds,
    ),
    one(
      "--login-timeout <seconds>",
      `from connecting to being logged in (default ${inSeconds("login")})`,
      values.seconds,
    ),
    one(
      "--data-timeout <seconds>",
      "for a data connection to open, and for a transfer to stand still (default 30 and 300)",
      values.seconds,
    ),
    one(
      "--drain-timeout <seconds>",
      `that SIGTERM gives running transfers (default ${inSeconds("drain")})`,
      values.seconds,
    ),
    new Option("--uploads <kind>", "atomic: a file appears when it is whole; direct: it grows").choices(
      UPLOAD_KINDS,
    ),
    one("--umask <octal>", "permission bits that new files lack (default 022)", values.umask),
    new Option("--xferlog <file>", "one line for each file transferred, in wu-ftpd's format"),
    new Option("--strict-rfc959", "the letter of RFC 959 where practice differs"),
    new Option(
      "--allow-foreign-data",
      "data connections with third hosts (FXP); opens the way for bounce attacks",
    ),
    new Option("--log <kind>", "default: pretty on a terminal, else json").choices(LOG_KINDS),
  ];
  for (const option of options) command.addOption(option);
  return command;
}

function inSeconds(timeout: keyof ServerTimeouts): number {
  return DEFAULT_TIMEOUTS[timeout] / 1000;
}
