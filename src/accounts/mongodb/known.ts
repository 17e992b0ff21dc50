/** An account that sessions use, as it is now; the same objects as before where nothing changed. */
import type { ObjectId } from "mongodb";
import type { AccountLimits, Permissions } from "../accounts.js";
import { bothPermissions, permissionsOf } from "../permissions.js";
import type { AccountRecord } from "../record.js";
import type { FoundAccount } from "./directory.js";

export interface KnownAccount {
  readonly id: ObjectId;
  readonly record: AccountRecord;
  readonly permissions: Permissions;
  readonly limits: AccountLimits;
}

export function knownAccount(
  { id, record }: FoundAccount,
  before: KnownAccount | undefined,
  atMost: Permissions | undefined,
): KnownAccount {
  const same = (key: "permissions" | "limits"): boolean =>
    before !== undefined && JSON.stringify(before.record[key]) === JSON.stringify(record[key]);
  return {
    id,
    record,
    permissions:
      before !== undefined && same("permissions") ? before.permissions : permissionsIn(record, atMost),
    limits: before !== undefined && same("limits") ? before.limits : record.limits,
  };
}

/** Whether a session that began with `before` can go on: its storages cannot move to other folders. */
export function sameFolders(before: AccountRecord, now: AccountRecord): boolean {
  return before.home === now.home && JSON.stringify(before.mounts) === JSON.stringify(now.mounts);
}

function permissionsIn({ permissions }: AccountRecord, atMost: Permissions | undefined): Permissions {
  const own = permissionsOf(permissions);
  return atMost === undefined ? own : bothPermissions(own, atMost);
}
