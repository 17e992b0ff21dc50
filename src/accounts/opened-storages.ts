/** The account of one login: its root, its mounts, and what they may grow to. */
import { ROOT } from "../protocol/pathname.js";
import { type Allowance, measureUse, type Use } from "../storage/allowance.js";
import { forward } from "../storage/forward.js";
import { quota } from "../storage/quota.js";
import type { Storage } from "../storage/storage.js";
import type { Account } from "./accounts.js";
import type { AccountRecord } from "./record.js";

/** Opens a folder for one login; `account` is its name. */
export type OpenStorage = (home: string, account: string) => Promise<Storage>;

/** What an account in use is made of. */
interface Parts extends Pick<Account, "permissions" | "limits"> {
  readonly record: AccountRecord;
}

/**
 * The account for one login, its folders open; undefined when one cannot be opened, which is told to `warn`.
 * @param usage What the storages ask before they grow; undefined for an account without a quota.
 */
export async function openAccount(
  { record, permissions, limits }: Parts,
  o: {
    readonly open: OpenStorage;
    readonly usage: () => Promise<Allowance> | undefined;
    readonly warn: ((message: string, error?: unknown) => void) | undefined;
  },
): Promise<Account | undefined> {
  const { name, requireTls } = record;
  try {
    const opened = await openStorages(record, o.open, o.usage);
    return { name, ...opened, home: ROOT, permissions, limits, ...(requireTls && { requireTls }) };
  } catch (error) {
    o.warn?.(`cannot open ${record.home}, the home of account ${name}`, error);
    return undefined;
  }
}

/** What lies in the account's root. A storage of its own is opened: the session that asks may end meanwhile. */
export async function measureHome({ home, name }: AccountRecord, open: OpenStorage): Promise<Required<Use>> {
  const storage = await open(home, name);
  try {
    return await measureUse(storage, ROOT, new AbortController().signal);
  } finally {
    await storage.close?.();
  }
}

/** Closing the account's storage closes its mounts too. */
async function openStorages(
  { home, name, mounts }: AccountRecord,
  open: OpenStorage,
  usageOf: () => Promise<Allowance> | undefined,
): Promise<Pick<Account, "storage" | "mounts">> {
  const opened: Storage[] = [];
  const openOne = async (folder: string): Promise<Storage> => {
    const storage = await open(folder, name);
    opened.push(storage);
    return storage;
  };
  try {
    const root = await openOne(home);
    const usage = await usageOf();
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
