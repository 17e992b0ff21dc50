import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { editAccountsFile, FileAccounts, MemoryAccounts, Passwords } from "../accounts/index.js";
import { MemoryTree } from "../storage/memory.js";
import { accountConformance } from "./account-conformance.js";

const passwords = new Passwords({ cost: { memory: 64, passes: 1 } });

accountConformance({
  name: "MemoryAccounts",
  async make(accounts) {
    const tree = new MemoryTree();
    const store = new MemoryAccounts(
      accounts.map(({ name, password, permissions, sessions }) => ({
        name,
        password,
        storage: () => tree.storageFor(name),
        ...(permissions && { permissions }),
        ...(sessions !== undefined && { limits: { sessions } }),
      })),
      { passwords },
    );
    return { store, dispose: async () => {} };
  },
  capabilities: { disabled: false },
});

accountConformance({
  name: "FileAccounts",
  async make(accounts) {
    const directory = await mkdtemp(join(tmpdir(), "ferry-accounts-"));
    const file = join(directory, "accounts.json");
    const records = await Promise.all(
      accounts.map(async ({ name, password, permissions = "all", sessions, disabled = false }) => ({
        name,
        password: await passwords.hash(password),
        home: directory,
        permissions,
        limits: sessions === undefined ? {} : { sessions },
        disabled,
        created: new Date().toISOString(),
        changed: new Date().toISOString(),
      })),
    );
    const fill = (known: Map<string, (typeof records)[number]>): "changed" => {
      for (const record of records) known.set(record.name, record);
      return "changed";
    };
    await editAccountsFile(file, fill as Parameters<typeof editAccountsFile>[1], { create: true });
    const tree = new MemoryTree();
    const store = await FileAccounts.open({
      file,
      openStorage: async (_home, account) => tree.storageFor(account),
      passwords,
    });
    return {
      store,
      async dispose() {
        await store.close();
        await rm(directory, { recursive: true });
      },
    };
  },
});
