/** The accounts file, as `ferry user` works on it. */
import type { AccountDirectory, Put } from "./directory.js";
import { editAccountsFile, readAccountsFile } from "./file-edit.js";
import { type AccountRecord, AccountsFileError } from "./file-format.js";

export class FileDirectory implements AccountDirectory {
  readonly shown: string;

  constructor(file: string) {
    this.shown = file;
  }

  /** @throws AccountsFileError, as all here. */
  async get(name: string): Promise<AccountRecord | undefined> {
    return (await readAccountsFile(this.shown)).get(name);
  }

  async *all(): AsyncIterable<AccountRecord> {
    const accounts = await readAccountsFile(this.shown);
    yield* [...accounts.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Makes the file when there is none. */
  async create(record: AccountRecord): Promise<"created" | "exists"> {
    let result: "created" | "exists" = "created";
    await this.#edit(
      (accounts) => {
        if (accounts.has(record.name)) result = "exists";
        else accounts.set(record.name, record);
        return result === "created" ? "changed" : "unchanged";
      },
      { create: true },
    );
    return result;
  }

  /** Written in one go: all of them or none. */
  async *putAll(
    records: readonly AccountRecord[],
    { replace }: { readonly replace: boolean },
  ): AsyncIterable<{ readonly record: AccountRecord; readonly put: Put }> {
    const puts: { readonly record: AccountRecord; readonly put: Put }[] = [];
    await this.#edit(
      (accounts) => {
        for (const record of records) {
          const before = accounts.get(record.name);
          const put = before === undefined ? "added" : replace ? "replaced" : "left";
          puts.push({ record, put });
          if (put !== "left")
            accounts.set(record.name, { ...record, created: before?.created ?? record.created });
        }
        return puts.some(({ put }) => put !== "left") ? "changed" : "unchanged";
      },
      { create: true },
    );
    yield* puts;
  }

  async change(
    name: string,
    to: (record: AccountRecord) => AccountRecord,
  ): Promise<AccountRecord | undefined> {
    let changed: AccountRecord | undefined;
    await this.#edit((accounts) => {
      const record = accounts.get(name);
      if (record === undefined) return "unchanged";
      changed = to(record);
      accounts.set(name, changed);
      return "changed";
    });
    return changed;
  }

  async remove(name: string): Promise<AccountRecord | undefined> {
    let removed: AccountRecord | undefined;
    await this.#edit((accounts) => {
      removed = accounts.get(name);
      return accounts.delete(name) ? "changed" : "unchanged";
    });
    return removed;
  }

  async close(): Promise<void> {}

  /** What the file cannot have is not written, so that the next one can read it. */
  async #edit(
    work: (accounts: Map<string, AccountRecord>) => "changed" | "unchanged",
    o?: { readonly create: boolean },
  ): Promise<void> {
    await editAccountsFile(
      this.shown,
      (accounts) => {
        const result = work(accounts);
        for (const { name, quota } of accounts.values()) {
          if (quota?.bytesPerMonth === undefined) continue;
          throw new AccountsFileError(
            `account ${JSON.stringify(name)}: bytes per month are counted for accounts in MongoDB only`,
          );
        }
        return result;
      },
      o,
    );
  }
}
