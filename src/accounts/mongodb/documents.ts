/** What lies in the database, and accounts to and from it. `docs/accounts.md` describes the same for people. */
import type { ObjectId } from "mongodb";
import type { AccountLimits } from "../accounts.js";
import type { CertificateRules } from "../certificates.js";
import type { PermissionNames, PermissionRules } from "../permissions.js";
import { type AccountQuota, type AccountRecord, accountSchema, recordOf } from "../record.js";
import { describeIssue } from "../schema.js";
import { AccountsDatabaseError } from "./database-error.js";

/** An account. Names of directories and mounts are values, not keys: keys may hold no dot on older servers. */
export interface AccountDocument extends CertificateRules {
  /** An account that is removed and made again is another one. */
  readonly _id: ObjectId;
  /** Counts changes, so that two of them at once do not undo each other. */
  readonly revision: number;
  readonly name: string;
  readonly password: string;
  readonly home: string;
  readonly mounts?: readonly { readonly name: string; readonly home: string }[];
  readonly permissions:
    | PermissionNames
    | readonly { readonly directory: string; readonly permissions: PermissionNames }[];
  readonly limits: AccountLimits;
  readonly quota?: AccountQuota;
  readonly networks?: readonly string[];
  readonly requireTls?: "login" | "data";
  readonly accountPassword?: string;
  readonly expires?: Date;
  readonly disabled: boolean;
  readonly comment?: string;
  readonly created: Date;
  readonly changed: Date;
}

/** What an account has stored and uploaded. */
export interface UsageDocument {
  /** The account's. */
  readonly _id: ObjectId;
  readonly version: number;
  readonly bytes: number;
  readonly files: number;
  /** "2026-07", UTC. */
  readonly month: string;
  /** Bytes uploaded in that month. */
  readonly monthBytes: number;
  /** What nodes have been granted; counted above as if it were all used. */
  readonly nodes: readonly Grant[];
}

export interface Grant {
  readonly node: string;
  /** Of the node's last exchange. */
  readonly sequence: number;
  readonly bytes: number;
  readonly files: number;
}

/** A session that runs, or a lock that is held: only one document can have a `key`. */
export interface SessionDocument {
  /** Random. */
  readonly _id: string;
  readonly key: string;
  readonly account: ObjectId;
  readonly name: string;
  readonly node: string;
  readonly session: string;
  readonly peer: string;
  readonly since: Date;
}

/** A server process; its sessions count until it expires. */
export interface NodeDocument {
  readonly _id: string;
  readonly host: string;
  readonly started: Date;
  readonly expires: Date;
}

export type StateDocument =
  | { readonly _id: "schema"; readonly version: number }
  /** A new random token whenever an account changes. */
  | { readonly _id: "changes"; readonly token: string }
  /** A lock; `_id` is random, so that nobody removes one that is not the one he saw. */
  | { readonly _id: string; readonly lock: string; readonly expires: Date };

export interface LoginDocument {
  readonly at: Date;
  /** Absent when what was sent is no account name. */
  readonly name?: string;
  readonly ok: boolean;
  readonly reason?: string;
  readonly peer: string;
  readonly session: string;
  readonly node: string;
}

export interface TransferDocument {
  readonly at: Date;
  readonly name: string;
  readonly direction: string;
  readonly path: string;
  readonly bytes: number;
  readonly milliseconds: number;
  readonly outcome: string;
  readonly peer: string;
  readonly session: string;
  readonly node: string;
}

/** All but `_id` and `revision`. */
export type AccountFields = Omit<AccountDocument, "_id" | "revision">;

export function fieldsOf(record: AccountRecord): AccountFields {
  const { permissions, mounts, expires, created, changed, ...same } = record;
  return {
    ...same,
    permissions: isByDirectory(permissions)
      ? Object.entries(permissions).map(([directory, names]) => ({ directory, permissions: names }))
      : permissions,
    ...(mounts !== undefined && { mounts: Object.entries(mounts).map(([name, home]) => ({ name, home })) }),
    ...(expires !== undefined && { expires: new Date(expires) }),
    created: new Date(created),
    changed: new Date(changed),
  };
}

/** @throws AccountsDatabaseError "content" with the first thing that is wrong; it holds no part of a hash. */
export function recordIn(document: AccountDocument): AccountRecord {
  const { _id, revision: _revision, permissions, mounts, expires, created, changed, ...same } = document;
  const parsed = accountSchema.safeParse({
    ...same,
    permissions: rulesIn(permissions),
    ...(mounts !== undefined && { mounts: Object.fromEntries(mounts.map(({ name, home }) => [name, home])) }),
    ...(expires !== undefined && { expires: timeText(expires) }),
    created: timeText(created),
    changed: timeText(changed),
  });
  if (parsed.success) return recordOf(parsed.data);
  const name = typeof document.name === "string" ? JSON.stringify(document.name) : String(_id);
  throw new AccountsDatabaseError("content", `account ${name}: ${describeIssue(parsed.error).text}`);
}

function rulesIn(permissions: AccountDocument["permissions"]): unknown {
  if (!Array.isArray(permissions) || permissions.every((each) => typeof each === "string"))
    return permissions;
  return Object.fromEntries(
    permissions.map((rule: { directory: string; permissions: PermissionNames }) => [
      rule.directory,
      rule.permissions,
    ]),
  );
}

function isByDirectory(rules: PermissionRules): rules is { readonly [directory: string]: PermissionNames } {
  return typeof rules === "object" && !Array.isArray(rules);
}

/** Other programs may have written a text, or something else. */
function timeText(time: unknown): unknown {
  return time instanceof Date && !Number.isNaN(time.getTime()) ? time.toISOString() : time;
}
