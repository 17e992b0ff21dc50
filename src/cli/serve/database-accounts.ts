/** Accounts in MongoDB for `ferry serve`. Loaded only when they are asked for, because the driver is large. */
import { Audit } from "../../accounts/mongodb/audit.js";
import { MongoAccounts, type MongoAccountsOptions } from "../../accounts/mongodb/store.js";
import type { KeptAccounts } from "./kept-accounts.js";

/** @throws AccountsDatabaseError */
export async function openDatabaseAccounts(o: MongoAccountsOptions): Promise<KeptAccounts> {
  const store = await MongoAccounts.open(o);
  const audit = new Audit(store.database, store.node);
  return {
    store,
    audit,
    // Changes are followed all the time.
    reload: async () => {},
    async close() {
      await audit.close();
      await store.close();
    },
  };
}
