/** What `ferry user add` and `set` can be told of an account. */
import { type Command, Option } from "commander";
import { type AccountLimits, PERMISSIONS, type Permission } from "../../accounts/accounts.js";
import { CERTIFICATE_USES, type CertificateRules, isCertificateRule } from "../../accounts/certificates.js";
import type { PermissionNames, PermissionRules } from "../../accounts/permissions.js";
import { type AccountQuota, type AccountRecord, MAX_COMMENT } from "../../accounts/record.js";
import { pathname } from "../../protocol/pathname.js";
import { accountsPlace } from "../accounts-place.js";
import { usageError } from "../errors.js";
import { checked, one } from "../flags.js";
import * as values from "../values.js";

/** Absent is what was not said; "none" takes something away. */
export interface UserOptions {
  readonly accounts: string;
  readonly json?: boolean;
  readonly home?: string;
  readonly mount?: readonly Named[] | "none";
  readonly permissions?: PermissionNames;
  readonly permit?: readonly { readonly name: string; readonly value: PermissionNames }[] | "none";
  readonly maxSessions?: number | "none";
  readonly uploadRate?: number | "none";
  readonly downloadRate?: number | "none";
  readonly idleTimeout?: number | "none";
  readonly quotaBytes?: number | "none";
  readonly quotaFiles?: number | "none";
  readonly quotaMonth?: number | "none";
  readonly network?: readonly string[] | "none";
  readonly tls?: keyof typeof TLS_NEEDS;
  readonly certificate?: readonly string[] | "none";
  readonly certificateUse?: (typeof CERTIFICATE_USES)[number];
  readonly expires?: string | "none";
  readonly comment?: string;
}

interface Named {
  readonly name: string;
  readonly value: string;
}

const TLS_NEEDS = { required: "login", data: "data", optional: undefined } as const;

export function addPlaceOptions(command: Command): Command {
  return command
    .addOption(
      one(
        "--accounts <place>",
        "accounts file or mongodb://host/database",
        accountsPlace,
      ).makeOptionMandatory(),
    )
    .option("--json", "print JSON, one object per line");
}

export function addAccountOptions(command: Command): Command {
  return command
    .addOption(one("--home <folder>", "the account's root on disk", folder))
    .addOption(several("--mount <name=folder>", "another folder, for SMNT", (text) => named(text, folder)))
    .addOption(
      one("--permissions <names>", `all, read-only, or some of ${PERMISSIONS.join(",")}`, permissions),
    )
    .addOption(
      several("--permit <folder=names>", "other permissions below a folder", (text) => {
        const { name, value } = named(text, permissions);
        return { name: directory(name), value };
      }),
    )
    .addOption(optional("--max-sessions <number>", "sessions at once", values.count))
    .addOption(
      optional("--upload-rate <bytes>", "bytes per second of one upload, such as 500K", values.bytes),
    )
    .addOption(optional("--download-rate <bytes>", "bytes per second of one download", values.bytes))
    .addOption(optional("--idle-timeout <seconds>", "without a command or a moving transfer", wholeSeconds))
    .addOption(optional("--quota-bytes <bytes>", "that may be stored, such as 10G", values.bytes))
    .addOption(optional("--quota-files <number>", "files and folders that may be stored", values.count))
    .addOption(optional("--quota-month <bytes>", "that may be uploaded in a month", values.bytes))
    .addOption(several("--network <network>", "logins from here only, such as 10.0.0.0/8", values.network))
    .addOption(
      new Option("--tls <when>", "required: no login without TLS; data: no transfer either").choices(
        Object.keys(TLS_NEEDS),
      ),
    )
    .addOption(
      several("--certificate <sha256>", "a client certificate of the account, or common-name", certificate),
    )
    .addOption(
      new Option("--certificate-use <how>", "whether it lets in alone, or with the password only").choices(
        CERTIFICATE_USES,
      ),
    )
    .addOption(optional("--expires <time>", "from then on disabled, such as 2027-01-31 (UTC)", time))
    .addOption(one("--comment <text>", "for people", comment));
}

/** Whether anything was said that `set` can change. */
export function saysSomething({ accounts: _place, json: _json, ...rest }: UserOptions): boolean {
  return Object.values(rest).some((each) => each !== undefined);
}

/** The account with what was said put in; `home` and mounts as absolute paths. */
export function recordWith(
  before: AccountRecord,
  o: UserOptions,
  absolute: (folder: string) => string,
): AccountRecord {
  const { quota: _quota, mounts: _mounts, networks: _networks, ...kept } = before;
  const { certificates: _certificates, certificateUse: _use, requireTls: _tls, ...others } = kept;
  const { expires: _expires, ...rest } = others;
  const quota = quotaWith(before.quota ?? {}, o);
  const mounts = o.mount === undefined ? before.mounts : mountsOf(o.mount, absolute);
  const networks = said(o.network, before.networks);
  const expires = said(o.expires, before.expires);
  const requireTls = o.tls === undefined ? before.requireTls : TLS_NEEDS[o.tls];
  return {
    ...rest,
    home: o.home === undefined ? before.home : absolute(o.home),
    permissions: permissionsWith(before.permissions, o),
    limits: limitsWith(before.limits, o),
    ...(Object.keys(quota).length > 0 && { quota }),
    ...(mounts !== undefined && { mounts }),
    ...(networks !== undefined && { networks }),
    ...certificatesWith(before, o),
    ...(requireTls !== undefined && { requireTls }),
    ...(expires !== undefined && { expires }),
    ...(o.comment !== undefined && { comment: o.comment }),
  };
}

/** Without the hashes. */
export function publicAccount({
  password: _hash,
  accountPassword,
  ...account
}: AccountRecord): Omit<AccountRecord, "password" | "accountPassword"> & { readonly acct?: true } {
  return accountPassword === undefined ? account : { ...account, acct: true };
}

function certificatesWith(before: CertificateRules, o: UserOptions): CertificateRules {
  const certificates = said(o.certificate, before.certificates);
  const certificateUse = o.certificateUse ?? before.certificateUse;
  if (certificates === undefined) {
    if (o.certificateUse === undefined) return {};
    throw usageError("--certificate-use is of no use without a certificate: give --certificate too");
  }
  return { certificates, ...(certificateUse !== undefined && { certificateUse }) };
}

function limitsWith(limits: AccountLimits, o: UserOptions): AccountLimits {
  return numbersWith<keyof AccountLimits>(limits, {
    sessions: o.maxSessions,
    uploadRate: o.uploadRate,
    downloadRate: o.downloadRate,
    idleTimeout: o.idleTimeout,
  });
}

function quotaWith(quota: AccountQuota, o: UserOptions): AccountQuota {
  return numbersWith<keyof AccountQuota>(quota, {
    bytes: o.quotaBytes,
    files: o.quotaFiles,
    bytesPerMonth: o.quotaMonth,
  });
}

function numbersWith<Key extends string>(
  before: { readonly [K in Key]?: number },
  changes: Record<Key, number | "none" | undefined>,
): { [K in Key]?: number } {
  const next = new Map<string, number>(Object.entries<number>(before as Record<string, number>));
  for (const [name, change] of Object.entries<number | "none" | undefined>(changes)) {
    if (change === "none") next.delete(name);
    else if (change !== undefined) next.set(name, change);
  }
  return Object.fromEntries(next) as { [K in Key]?: number };
}

/** `--permissions` speaks of everything below `/`, `--permit` of a folder; "none" leaves the rule for `/`. */
function permissionsWith(
  before: PermissionRules,
  { permissions: all, permit }: UserOptions,
): PermissionRules {
  const rules: { [directory: string]: PermissionNames } = isByDirectory(before)
    ? { ...before }
    : { "/": before };
  if (all !== undefined && permit === undefined) return all;
  if (all !== undefined) rules["/"] = all;
  if (permit === "none") return rules["/"] ?? [];
  for (const { name, value: names } of permit ?? []) rules[name] = names;
  const root = rules["/"];
  return root !== undefined && Object.keys(rules).length === 1 ? root : rules;
}

function isByDirectory(rules: PermissionRules): rules is { readonly [directory: string]: PermissionNames } {
  return typeof rules === "object" && !Array.isArray(rules);
}

function mountsOf(
  mounts: readonly Named[] | "none",
  absolute: (folder: string) => string,
): Readonly<Record<string, string>> | undefined {
  if (mounts === "none") return undefined;
  return Object.fromEntries(mounts.map(({ name, value: path }) => [name, absolute(path)]));
}

function said<T>(change: T | "none" | undefined, before: T | undefined): T | undefined {
  if (change === undefined) return before;
  return change === "none" ? undefined : (change as T);
}

function optional<T>(flags: string, description: string, parse: (text: string) => T): Option {
  return one(flags, `${description}; or none`, (text) => (text === "none" ? text : parse(text)));
}

/** What is said replaces all that was there. */
function several<T>(flags: string, description: string, parse: (text: string) => T): Option {
  return new Option(flags, `${description}; again for more; or none`).argParser(
    (text: string, before: readonly T[] | "none" | undefined) => {
      if (text === "none") return "none";
      return [...(Array.isArray(before) ? before : []), checked(flags, text, parse)];
    },
  );
}

function named<T>(text: string, parse: (text: string) => T): { readonly name: string; readonly value: T } {
  const equals = text.indexOf("=");
  if (equals < 1) throw new values.ValueError("expected two parts with = between");
  return { name: text.slice(0, equals), value: parse(text.slice(equals + 1)) };
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

function directory(text: string): string {
  try {
    if (text.startsWith("/")) return pathname(text);
  } catch {
    // Said below.
  }
  throw new values.ValueError("expected an absolute pathname such as /incoming before the =");
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

/** As openssl prints it, with colons, or as sha256sum does. */
function certificate(text: string): string {
  if (isCertificateRule(text)) return text.replaceAll(":", "").toLowerCase();
  throw new values.ValueError("expected the certificate's SHA-256, 64 hexadecimal digits, or common-name");
}

function time(text: string): string {
  const found = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?Z)?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(found))
    throw new values.ValueError("expected a time such as 2027-01-31 or 2027-01-31T18:00Z");
  return new Date(found).toISOString();
}
