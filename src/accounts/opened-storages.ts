/** The storages of one login: the account's root, and its mounts. */
import { ROOT } from "../protocol/pathname.js";
import type { Allowance } from "../storage/allowance.js";
import { forward } from "../storage/forward.js";
import { quota } from "../storage/quota.js";
import type { Storage } from "../storage/storage.js";
import type { Account } from "./accounts.js";
import type { AccountRecord } from "./record.js";

/** Opens a folder for one login; `account` is its name. */
export type OpenStorage = (home: string, account: string) => Promise<Storage>;

export type OpenedStorages = Pick<Account, "storage" | "mounts">;

/**
 * Closing the account's storage closes its mounts too.
 * @param usageOf What the storages ask before they grow, given the root; undefined for an account without a quota.
 */
export async function openStorages(
  { home, name, mounts }: AccountRecord,
  open: OpenStorage,
  usageOf: (storage: Storage) => Promise<Allowance> | undefined,
): Promise<OpenedStorages> {
  const opened: Storage[] = [];
  const openOne = async (folder: string): Promise<Storage> => {
    const storage = await open(folder, name);
    opened.push(storage);
    return storage;
  };
  try {
    const root = await openOne(home);
    const usage = await usageOf(root);
    const counted = usage === undefined ? root : quota(root, usage);
    if (mounts === undefined) return { storage: counted };
    const mounted = new Map<string, { readonly storage: Storage; readonly home: typeof ROOT }>();
    for (const [mount, folder] of Object.entries(mounts)) {
      const storage = await openOne(folder);
      mounted.set(mount, { storage: usage === undefined ? storage : quota(storage, usage), home: ROOT });
    }
    return { storage: { ...forward(counted, {}), close: () => closeAll(opened) }, mounts: mounted };
  } catch (error) {
    await closeAll(opened).catch(() => undefined);
    throw error;
  }
}

async function closeAll(storages: readonly Storage[]): Promise<void> {
  const results = await Promise.allSettled(storages.map(async (storage) => storage.close?.()));
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}
