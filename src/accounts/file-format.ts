/** The accounts file: JSON, version 1. Parsing says what is wrong and where; formatting is its inverse. */
import { z } from "zod";
import { PathnameError, pathname } from "../protocol/pathname.js";
import { type AccountLimits, PERMISSIONS } from "./accounts.js";
import {
  CERTIFICATE_USES,
  type CertificateRules,
  isCertificateRule,
  MAX_CERTIFICATES,
} from "./certificates.js";
import { isAccountName, MAX_ACCOUNT_NAME } from "./name.js";
import { PasswordHashError, parsePasswordHash } from "./password-hash.js";
import type { PermissionRules } from "./permissions.js";
import { describeIssue, withoutUndefined } from "./schema.js";

/** One account as the file has it. */
export interface AccountRecord extends CertificateRules {
  readonly name: string;
  /** An argon2id, scrypt or bcrypt hash; see `parsePasswordHash`. */
  readonly password: string;
  /** Absolute path of the folder on disk that is the account's root. */
  readonly home: string;
  readonly permissions: PermissionRules;
  readonly limits: AccountLimits;
  readonly disabled: boolean;
  readonly requireTls?: "login" | "data";
  readonly comment?: string;
  /** ISO 8601, UTC. */
  readonly created: string;
  readonly changed: string;
}

/** The file cannot be read, is not valid, or is held by somebody else. `message` is one line for an operator. */
export class AccountsFileError extends Error {
  override readonly name = "AccountsFileError";
  readonly code = "ERR_FERRY_ACCOUNTS_FILE";
}

/** Bounds against a wrong file given by mistake. */
export const MAX_ACCOUNTS = 100_000;
const MAX_RULES = 1000;
export const MAX_COMMENT = 1000;

/** Editors on Windows write it. */
const BYTE_ORDER_MARK = /^\ufeff/;

const NAMES_EXPECTED = `expected "all", "read-only" or a list of ${PERMISSIONS.join(", ")}`;
const RULES_EXPECTED = `${NAMES_EXPECTED}, or an object that gives these for directories`;

const permissionNames = z.union(
  [
    z.enum(["all", "read-only"]),
    z
      .array(z.enum(PERMISSIONS, { error: `expected one of ${PERMISSIONS.join(", ")}` }))
      .max(PERMISSIONS.length),
  ],
  { error: NAMES_EXPECTED },
);

const permissionRules = z.union(
  [
    permissionNames,
    z
      .record(
        z.string().refine(isPathname, { error: 'expected an absolute pathname such as "/incoming"' }),
        permissionNames,
      )
      .refine((rules) => Object.keys(rules).length <= MAX_RULES, {
        error: `more than ${MAX_RULES} directories`,
      }),
  ],
  { error: RULES_EXPECTED },
);

const wholeNumber = z.int().min(1);
const time = z.iso.datetime({ error: "expected a time such as 2026-01-31T12:00:00.000Z" });

const account = z.strictObject({
  name: z.string().refine(isAccountName, {
    error: `expected 1 to ${MAX_ACCOUNT_NAME} characters without "/" and control characters`,
  }),
  password: z.string().superRefine((text, context) => {
    try {
      parsePasswordHash(text);
    } catch (error) {
      if (!(error instanceof PasswordHashError)) throw error;
      context.addIssue({ code: "custom", message: error.message });
    }
  }),
  home: z.string().refine((home) => home.startsWith("/") && !home.includes("\0"), {
    error: "expected the absolute path of a folder",
  }),
  permissions: permissionRules.default("all"),
  limits: z
    .strictObject({
      sessions: wholeNumber.optional(),
      uploadRate: wholeNumber.optional(),
      downloadRate: wholeNumber.optional(),
      idleTimeout: wholeNumber.optional(),
    })
    .default({}),
  disabled: z.boolean().default(false),
  requireTls: z.enum(["login", "data"]).optional(),
  certificates: z
    .array(z.string().refine(isCertificateRule, { error: "expected a SHA-256 fingerprint, or common-name" }))
    .max(MAX_CERTIFICATES)
    .optional(),
  certificateUse: z.enum(CERTIFICATE_USES).optional(),
  comment: z.string().max(MAX_COMMENT).optional(),
  created: time.optional(),
  changed: time.optional(),
});

const accountsFile = z.strictObject({
  version: z.literal(1, { error: "expected 1, the only version of this file that this Ferry knows" }),
  accounts: z.array(account).max(MAX_ACCOUNTS),
});

/** @throws AccountsFileError with the place of the first thing that is wrong; it holds no part of a hash. */
export function parseAccountsFile(text: string): Map<string, AccountRecord> {
  const found = accountsFile.safeParse(parseJson(text.replace(BYTE_ORDER_MARK, "")));
  if (!found.success) throw new AccountsFileError(describeIssue(found.error).text);
  const accounts = new Map<string, AccountRecord>();
  for (const [at, parsed] of found.data.accounts.entries()) {
    if (accounts.has(parsed.name)) {
      throw new AccountsFileError(`accounts[${at}].name: ${JSON.stringify(parsed.name)} is there twice`);
    }
    accounts.set(parsed.name, recordOf(parsed));
  }
  return accounts;
}

/** @throws AccountsFileError when {@link parseAccountsFile} would not take the account. */
export function requireReadable(record: AccountRecord): void {
  const found = account.safeParse(record);
  if (found.success) return;
  throw new AccountsFileError(`account ${JSON.stringify(record.name)}: ${describeIssue(found.error).text}`);
}

/** Sorted by name, so that versions of the file compare well. */
export function formatAccountsFile(accounts: Iterable<AccountRecord>): string {
  const sorted = [...accounts].sort((a, b) => (a.name < b.name ? -1 : 1));
  return `${JSON.stringify({ version: 1, accounts: sorted }, undefined, 2)}\n`;
}

function recordOf(parsed: z.infer<typeof account>): AccountRecord {
  const { name, password, home, permissions, disabled } = parsed;
  const { comment, requireTls, certificates, certificateUse } = parsed;
  const created = parsed.created ?? new Date(0).toISOString();
  return {
    name,
    password,
    home,
    permissions,
    limits: withoutUndefined(parsed.limits),
    disabled,
    ...(requireTls !== undefined && { requireTls }),
    ...(certificates !== undefined && { certificates }),
    ...(certificateUse !== undefined && { certificateUse }),
    ...(comment !== undefined && { comment }),
    created,
    changed: parsed.changed ?? created,
  };
}

/** V8's own messages quote the text around the place, which may be a hash. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text, refusePrototypeKey);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const position = / at position (\d+)/.exec(error.message)?.[1];
    if (position === undefined)
      throw new AccountsFileError(text.trim() === "" ? "it is empty" : "it is not valid JSON");
    const before = text.slice(0, Number(position)).split("\n");
    const column = (before.at(-1)?.length ?? 0) + 1;
    throw new AccountsFileError(`it is not valid JSON: line ${before.length}, column ${column}`);
  }
}

/** zod drops this key in silence where any key may stand; every other unknown key is an error. */
function refusePrototypeKey(key: string, value: unknown): unknown {
  if (key === "__proto__") throw new AccountsFileError('unknown key "__proto__"');
  return value;
}

function isPathname(text: string): boolean {
  try {
    return text.startsWith("/") && pathname(text) !== undefined;
  } catch (error) {
    if (error instanceof PathnameError) return false;
    throw error;
  }
}
