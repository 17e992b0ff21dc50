/** What `ferry user add` and `set` can be told of an account. */
import { type Command, Option } from "commander";
import { type AccountLimits, PERMISSIONS, type Permission } from "../accounts/accounts.js";
import { type AccountRecord, MAX_COMMENT } from "../accounts/file-format.js";
import type { PermissionNames } from "../accounts/permissions.js";
import { accountsFile, checked } from "./serve-options.js";
import * as values from "./values.js";

/** Absent is what was not said; "none" takes a limit away. */
export interface UserOptions {
  readonly accounts: string;
  readonly json?: boolean;
  readonly home?: string;
  readonly permissions?: PermissionNames;
  readonly maxSessions?: number | "none";
  readonly uploadRate?: number | "none";
  readonly downloadRate?: number | "none";
  readonly idleTimeout?: number | "none";
  readonly comment?: string;
}

export function addFileOptions(command: Command): Command {
  return command
    .addOption(value("--accounts <file>", "accounts file", accountsFile).makeOptionMandatory())
    .option("--json", "print JSON, one object per line");
}

export function addAccountOptions(command: Command): Command {
  return command
    .addOption(value("--home <folder>", "the account's root on disk", folder))
    .addOption(
      value("--permissions <names>", `all, read-only, or some of ${PERMISSIONS.join(",")}`, permissions),
    )
    .addOption(limit("--max-sessions <number>", "sessions at once", values.count))
    .addOption(limit("--upload-rate <bytes>", "bytes per second of one upload, such as 500K", values.bytes))
    .addOption(limit("--download-rate <bytes>", "bytes per second of one download", values.bytes))
    .addOption(limit("--idle-timeout <seconds>", "without a command or a moving transfer", wholeSeconds))
    .addOption(value("--comment <text>", "for people", comment));
}

/** The account's limits with what was said put in. */
export function limitsWith(limits: AccountLimits, o: UserOptions): AccountLimits {
  const said: Record<keyof AccountLimits, number | "none" | undefined> = {
    sessions: o.maxSessions,
    uploadRate: o.uploadRate,
    downloadRate: o.downloadRate,
    idleTimeout: o.idleTimeout,
  };
  const next = new Map<string, number>(Object.entries(limits));
  for (const [name, limit] of Object.entries(said)) {
    if (limit === "none") next.delete(name);
    else if (limit !== undefined) next.set(name, limit);
  }
  return Object.fromEntries(next);
}

/** Without the hash. */
export function publicAccount({
  password: _hash,
  ...account
}: AccountRecord): Omit<AccountRecord, "password"> {
  return account;
}

function value<T>(flags: string, description: string, parse: (text: string) => T): Option {
  return new Option(flags, description).argParser((text: string) => checked(flags, text, parse));
}

function limit(flags: string, description: string, parse: (text: string) => number): Option {
  return value(flags, `${description}; none takes the limit away`, (text) =>
    text === "none" ? text : parse(text),
  );
}

function permissions(text: string): PermissionNames {
  if (text === "all" || text === "read-only") return text;
  const names = text.split(",").map((name) => name.trim());
  const wrong = names.find((name) => !isPermission(name));
  if (wrong === undefined) return [...new Set(names.filter(isPermission))];
  throw new values.ValueError(`expected all, read-only, or some of ${PERMISSIONS.join(",")}`);
}

function isPermission(name: string): name is Permission {
  return PERMISSIONS.some((known) => known === name);
}

function folder(text: string): string {
  if (text === "" || text.includes("\0")) throw new values.ValueError("expected a folder");
  return text;
}

function comment(text: string): string {
  if (text.length > MAX_COMMENT) throw new values.ValueError(`expected at most ${MAX_COMMENT} characters`);
  return text;
}

function wholeSeconds(text: string): number {
  const value = values.seconds(text);
  if (!Number.isInteger(value)) throw new values.ValueError("expected whole seconds");
  return value;
}
