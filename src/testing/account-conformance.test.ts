import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { editAccountsFile, FileAccounts, MemoryAccounts, Passwords } from "../accounts/index.js";
import { MemoryTree } from "../storage/memory.js";
import { accountConformance } from "./account-conformance.js";

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
    );
    return { store, dispose: async () => {} };
  },
  capabilities: { disabled: false },
});
