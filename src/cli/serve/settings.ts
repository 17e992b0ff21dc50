/** What a server runs with: flags over the configuration file over defaults, checked as a whole. */
import { randomInt } from "node:crypto";
import { access, constants, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { isDatabaseUrl } from "../../accounts/mongodb/url.js";
import { accountsFrom } from "../accounts-place.js";
import { failure, systemCode, systemReason, usageError } from "../errors.js";
import type { Credentials } from "../values.js";
import { readConfiguration } from "./configuration.js";
import type { LogKind, ServeOptions } from "./options.js";

export interface Settings extends ServeOptions {
  /** As it was said, for people. */
  readonly root: string;
  readonly rootPath: string;
  readonly port: number;
  /** Undefined: 127.0.0.1 and, where the machine has it, ::1. */
  readonly host?: readonly string[];
  readonly users: readonly Credentials[];
  readonly log: LogKind;
  readonly stateDirectory: string;
}

/** What was said on the command line. */
export interface Invocation {
  readonly root: string | undefined;
  readonly flags: ServeOptions & { readonly config?: string };
  readonly workingDirectory: string;
  /** Where what is made once is kept, unless the configuration says otherwise. */
  readonly stateDirectory: string;
  /** Whether the log goes to a terminal. */
  readonly onTerminal: boolean;
}

/** @throws CliError for a bad configuration, or a root that is no directory. */
export async function settingsOf({ root: said, flags, ...o }: Invocation): Promise<Settings> {
  const { config, ...beating } = flags;
  const file = config === undefined ? {} : await readConfiguration(resolve(o.workingDirectory, config));
  const options: ServeOptions = { ...file, ...beating };
  const root = said ?? options.root ?? ".";
  const { host, accounts, xferlog, tlsCert, tlsKey } = options;
  const settings: Settings = {
    ...options,
    root,
    rootPath: resolve(o.workingDirectory, root),
    ...(host !== undefined && { host: [...new Set(host)] }),
    port: options.port ?? 21,
    users: options.user ?? [],
    log: options.log ?? (o.onTerminal ? "pretty" : "json"),
    ...(accounts !== undefined && { accounts: accountsFrom(o.workingDirectory, accounts) }),
    ...(xferlog !== undefined && { xferlog: resolve(o.workingDirectory, xferlog) }),
    ...(tlsCert !== undefined && { tlsCert: resolve(o.workingDirectory, tlsCert) }),
    ...(tlsKey !== undefined && { tlsKey: resolve(o.workingDirectory, tlsKey) }),
    stateDirectory: options.stateDirectory ?? o.stateDirectory,
  };
  checkTls(settings);
  checkUsers(settings.users);
  checkAudit(settings);
  await checkRoot(settings);
  return settings;
}

/** Nobody could log in: then `ferry serve` makes an account. */
export function lacksAccounts(settings: Settings): boolean {
  return settings.users.length === 0 && settings.anonymous !== true && settings.accounts === undefined;
}

/** Letters and digits that cannot be taken for one another; 16 of them are 92 bits. */
const ALPHABET = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";

export function generatedAccount(): Credentials {
  const password = Array.from({ length: 16 }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join("");
  return { name: "ferry", password };
}

function checkUsers(users: readonly Credentials[]): void {
  const seen = new Set<string>();
  for (const { name } of users) {
    if (seen.has(name)) throw usageError(`--user: ${JSON.stringify(name)} is given twice`);
    seen.add(name);
  }
}

function checkAudit({ audit, accounts }: Settings): void {
  if (audit === undefined || isDatabaseUrl(accounts ?? "")) return;
  throw usageError("audit: is written to the accounts' database: give accounts: mongodb://…");
}

function checkTls({ tls, tlsCert, tlsKey, tlsSelfSigned, implicitTlsPort, port }: Settings): void {
  if (tlsKey !== undefined && tlsCert === undefined) throw usageError("--tls-key needs --tls-cert beside it");
  if (tlsCert !== undefined && tlsSelfSigned === true) {
    throw usageError("--tls-cert and --tls-self-signed are two certificates: give one of them");
  }
  if (tls === "off" && implicitTlsPort !== undefined) {
    throw usageError("--implicit-tls-port needs TLS, and --tls off has none");
  }
  if (implicitTlsPort !== undefined && implicitTlsPort === port && port !== 0) {
    throw usageError("--implicit-tls-port and --port need two ports");
  }
}

async function checkRoot(settings: Settings): Promise<void> {
  const { root, rootPath, users, anonymous } = settings;
  const isUsed = users.length > 0 || anonymous === true || lacksAccounts(settings);
  let isDirectory: boolean;
  try {
    isDirectory = (await stat(rootPath)).isDirectory();
    // Else every session would log in and find that nothing is permitted.
    if (isDirectory && isUsed) await access(rootPath, constants.X_OK);
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw failure(`cannot serve ${root}: ${systemReason(error)}`, error);
    throw failure(`cannot serve ${root}: there is no such folder; make it first, or name another`, error);
  }
  if (!isDirectory) throw failure(`cannot serve ${root}: it is not a folder`);
}
