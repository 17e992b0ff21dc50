/** One account as files and databases keep it: its fields, and the check of each. */
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
import { isNetwork } from "./networks.js";
import { PasswordHashError, parsePasswordHash } from "./password-hash.js";
import type { PermissionRules } from "./permissions.js";
import { withoutUndefined } from "./schema.js";

export interface AccountRecord extends CertificateRules {
  readonly name: string;
  /** A hash of one of the kinds that `parsePasswordHash` takes; new ones are argon2id. */
  readonly password: string;
  /** What the account's root is: the absolute path of a folder on disk. */
  readonly home: string;
  /** Other folders, by the name that SMNT (RFC 959 4.1.1) takes. */
  readonly mounts?: Readonly<Record<string, string>>;
  readonly permissions: PermissionRules;
  readonly limits: AccountLimits;
  readonly quota?: AccountQuota;
  /** Addresses and networks that logins may come from; all when absent. */
  readonly networks?: readonly string[];
  readonly requireTls?: "login" | "data";
  /** A hash, as `password`: what ACCT must be given after PASS. */
  readonly accountPassword?: string;
  /** ISO 8601, UTC; from then on as if disabled. */
  readonly expires?: string;
  readonly disabled: boolean;
  readonly comment?: string;
  /** ISO 8601, UTC. */
  readonly created: string;
  readonly changed: string;
}

/** What may be stored and uploaded; what is absent is not bounded. */
export interface AccountQuota {
  readonly bytes?: number;
  /** Files, directories and links. */
  readonly files?: number;
  /** Bytes uploaded in one calendar month (UTC), whether they are still there or not. */
  readonly bytesPerMonth?: number;
}

export const MAX_COMMENT = 1000;
/** Bounds against a wrong file given by mistake. */
const MAX_RULES = 1000;
const MAX_MOUNTS = 100;
export const MAX_NETWORKS = 1000;

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

const passwordHash = z.string().superRefine((text, context) => {
  try {
    parsePasswordHash(text);
  } catch (error) {
    if (!(error instanceof PasswordHashError)) throw error;
    context.addIssue({ code: "custom", message: error.message });
  }
});

const accountName = z.string().refine(isAccountName, {
  error: `expected 1 to ${MAX_ACCOUNT_NAME} characters without "/" and control characters`,
});

const folder = z.string().refine((home) => home.startsWith("/") && !home.includes("\0"), {
  error: "expected the absolute path of a folder",
});

export const accountSchema = z
  .strictObject({
    name: accountName,
    password: passwordHash,
    home: folder,
    mounts: z
      .record(accountName, folder)
      .refine((mounts) => Object.keys(mounts).length <= MAX_MOUNTS, {
        error: `more than ${MAX_MOUNTS} mounts`,
      })
      .optional(),
    permissions: permissionRules.default("all"),
    limits: z
      .strictObject({
        sessions: wholeNumber.optional(),
        uploadRate: wholeNumber.optional(),
        downloadRate: wholeNumber.optional(),
        idleTimeout: wholeNumber.optional(),
      })
      .default({}),
    quota: z
      .strictObject({
        bytes: wholeNumber.optional(),
        files: wholeNumber.optional(),
        bytesPerMonth: wholeNumber.optional(),
      })
      .optional(),
    networks: z
      .array(z.string().refine(isNetwork, { error: "expected a network such as 10.0.0.0/8 or fd00::/8" }))
      .max(MAX_NETWORKS)
      .optional(),
    requireTls: z.enum(["login", "data"]).optional(),
    certificates: z
      .array(
        z.string().refine(isCertificateRule, { error: "expected a SHA-256 fingerprint, or common-name" }),
      )
      .max(MAX_CERTIFICATES)
      .optional(),
    certificateUse: z.enum(CERTIFICATE_USES).optional(),
    accountPassword: passwordHash.optional(),
    expires: time.optional(),
    disabled: z.boolean().default(false),
    comment: z.string().max(MAX_COMMENT).optional(),
    created: time.optional(),
    changed: time.optional(),
  })
  .refine(saysWhichCertificate, {
    path: ["certificateUse"],
    error: "there are no certificates that it could say this of",
  });

export function recordOf({
  limits,
  quota,
  created = new Date(0).toISOString(),
  ...parsed
}: z.infer<typeof accountSchema>): AccountRecord {
  return withoutUndefined({
    ...parsed,
    limits: withoutUndefined(limits),
    quota: quota === undefined ? undefined : withoutUndefined(quota),
    created,
    changed: parsed.changed ?? created,
  }) as AccountRecord;
}

/** Else who wants a certificate beside the password would get a password alone. */
function saysWhichCertificate({
  certificates = [],
  certificateUse,
}: {
  certificates?: readonly string[] | undefined;
  certificateUse?: unknown;
}): boolean {
  return certificateUse === undefined || certificates.length > 0;
}

function isPathname(text: string): boolean {
  try {
    return text.startsWith("/") && pathname(text) !== undefined;
  } catch (error) {
    if (error instanceof PathnameError) return false;
    throw error;
  }
}
