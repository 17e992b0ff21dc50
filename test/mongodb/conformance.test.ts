import { after, before, describe } from "node:test";
import { type AccountRecord, Passwords } from "ferry/accounts";
import { MongoAccounts, MongoDirectory } from "ferry/accounts/mongodb";
import { MemoryTree } from "ferry/storage/memory";
import { accountConformance } from "ferry/testing";
import { type TestDatabase, testServers } from "../support/database.js";

const passwords = new Passwords({ cost: { memory: 64, passes: 1 } });

for (const tested of testServers)
  describe(`accounts in MongoDB (${tested.name})`, { skip: tested.skip }, () => {
    let database: TestDatabase;
    before(async () => {
      database = await tested.start();
    });
    after(() => database[Symbol.asyncDispose]());

    accountConformance({
      name: "MongoAccounts",
      async make(accounts) {
        const url = database.url();
        const directory = await MongoDirectory.open(url);
        for (const { name, password, permissions = "all", sessions, disabled = false } of accounts) {
          const now = new Date().toISOString();
          const record: AccountRecord = {
            name,
            password: await passwords.hash(password),
            home: "/srv",
            permissions,
            limits: sessions === undefined ? {} : { sessions },
            disabled,
            created: now,
            changed: now,
          };
          await directory.create(record);
        }
        await directory.close();
        const tree = new MemoryTree();
        const openStorage = async (_home: string, account: string) => tree.storageFor(account);
        const store = await MongoAccounts.open({ url, openStorage, passwords });
        return { store, dispose: () => store.close() };
      },
    });
  });
