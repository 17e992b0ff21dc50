/** What `ferry user` needs of a place where accounts are kept, whatever it is. */
import type { AccountRecord } from "./record.js";

/** What happens with an account, where that is kept. */
export interface AccountActivity {
  readonly lastLogin?: { readonly at: Date; readonly peer: string };
  /** Over all servers. */
  readonly sessions?: number;
  readonly stored?: { readonly bytes: number; readonly files: number };
  /** Bytes uploaded in a month, such as "2026-07" (UTC). */
  readonly uploaded?: { readonly month: string; readonly bytes: number };
}

/** "left": it was there already. */
export type Put = "added" | "replaced" | "left";

export interface AccountDirectory {
  /** The place, for people; without secrets. */
  readonly shown: string;
  get(name: string): Promise<AccountRecord | undefined>;
  /** Sorted by name. */
  all(): AsyncIterable<AccountRecord>;
  create(record: AccountRecord): Promise<"created" | "exists">;
  /** Many at once, in order; one that is replaced keeps the time when it was created. */
  putAll(
    records: readonly AccountRecord[],
    o: { readonly replace: boolean },
  ): AsyncIterable<{ readonly record: AccountRecord; readonly put: Put }>;
  /** Undefined when there is no such account; `to` may be called again when others change it too. */
  change(name: string, to: (record: AccountRecord) => AccountRecord): Promise<AccountRecord | undefined>;
  /** What was removed. */
  remove(name: string): Promise<AccountRecord | undefined>;
  activity?(name: string): Promise<AccountActivity>;
  close(): Promise<void>;
}
