/** Logins and transfers, written to the database in the background, and forgotten after some days. */
import type { Collection } from "mongodb";
import { isAccountName } from "../name.js";
import type { Database } from "./database.js";
import type { LoginDocument, TransferDocument } from "./documents.js";
import { isDuplicateKey, isIndexConflict, isRefused, isUnsupported } from "./errors.js";

export type LoginEntry = Omit<LoginDocument, "at" | "node" | "name"> & {
  /** As it was sent; what is no account name is not kept, because people type passwords there. */
  readonly name: string;
};
export type TransferEntry = Omit<TransferDocument, "at" | "node">;

/** Entries that wait at most, as in an outage; then the oldest are dropped. */
const MOST_WAITING = 10_000;
const AT_ONCE = 500;
const BETWEEN_WRITES = 500;
const HOUR = 3_600_000;
const MAX_PATH = 4096;

export class Audit {
  readonly #database: Database;
  readonly #node: string;
  readonly #logins: Waiting<LoginDocument>;
  readonly #transfers: Waiting<TransferDocument>;
  #timers: readonly NodeJS.Timeout[] = [];

  constructor(database: Database, node: string) {
    this.#database = database;
    this.#node = node;
    this.#logins = new Waiting(database, database.logins);
    this.#transfers = new Waiting(database, database.transfers);
  }

  /**
   * Makes the indexes, and sees to it that entries go after `keepDays`: by us, because there are servers that take
   * an index that expires and expire nothing; and by the server too, which does it when no Ferry runs.
   * @throws AccountsDatabaseError
   */
  async start({ keepDays }: { readonly keepDays: number }): Promise<void> {
    const { logins, transfers } = this.#database;
    for (const [collection, byName] of [
      [logins, { name: 1, at: -1 }],
      [transfers, { name: 1, at: -1 }],
    ] as const) {
      await this.#database.run("making an index", () => collection.createIndex(byName));
    }
    for (const collection of [logins, transfers]) await this.#expireByServer(collection, keepDays);
    const sweep = (): void => void this.#sweep(keepDays).catch(() => undefined);
    sweep();
    this.#timers = [
      setInterval(() => void this.flush(), BETWEEN_WRITES).unref(),
      setInterval(sweep, HOUR).unref(),
    ];
  }

  login({ name, ...entry }: LoginEntry): void {
    const at = new Date(this.#database.now());
    this.#logins.add({ at, ...(isAccountName(name) && { name }), ...entry, node: this.#node });
  }

  transfer(entry: TransferEntry): void {
    const at = new Date(this.#database.now());
    this.#transfers.add({ at, ...entry, path: entry.path.slice(0, MAX_PATH), node: this.#node });
  }

  /** Never throws: what cannot be written waits. */
  async flush(): Promise<void> {
    await Promise.all([this.#logins.write(), this.#transfers.write()]);
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await this.flush();
  }

  async #expireByServer(
    { collectionName }: { readonly collectionName: string },
    keepDays: number,
  ): Promise<void> {
    const { db, log } = this.#database;
    const index = { name: "expiry", expireAfterSeconds: keepDays * 24 * 3600 };
    try {
      await this.#database.run("making an index", () =>
        db.collection(collectionName).createIndex({ at: 1 }, index),
      );
    } catch (error) {
      if (isUnsupported(error)) return;
      if (!isIndexConflict(error)) throw error;
      // It is there, with another number of days.
      await this.#database
        .run("changing an index", () => db.command({ collMod: collectionName, index }))
        .catch((refused: unknown) => {
          if (!isRefused(refused) && !isUnsupported(refused) && !isIndexConflict(refused)) throw refused;
          log(
            `${collectionName}: the database goes on removing entries after another number of days than ${keepDays}: ` +
              'give the user the role dbAdmin, or drop the index "expiry"',
          );
        });
    }
  }

  async #sweep(keepDays: number): Promise<void> {
    const before = new Date(this.#database.now() - keepDays * 24 * HOUR);
    const { logins, transfers } = this.#database;
    await this.#database.run("removing old logins", () => logins.deleteMany({ at: { $lt: before } }));
    await this.#database.run("removing old transfers", () => transfers.deleteMany({ at: { $lt: before } }));
  }
}

/** Entries of one collection that are not written yet. */
class Waiting<Entry extends LoginDocument | TransferDocument> {
  readonly #database: Database;
  readonly #collection: Collection<Entry>;
  readonly #entries: Entry[] = [];
  #dropped = 0;
  #writing: Promise<void> | undefined;

  constructor(database: Database, collection: Collection<Entry>) {
    this.#database = database;
    this.#collection = collection;
  }

  add(entry: Entry): void {
    this.#entries.push(entry);
    if (this.#entries.length <= MOST_WAITING) return;
    this.#entries.shift();
    this.#dropped += 1;
  }

  write(): Promise<void> {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async #writeAll(): Promise<void> {
    while (this.#entries.length > 0 && this.#database.available) {
      const some = this.#entries.slice(0, AT_ONCE);
      try {
        const documents = some as Parameters<Collection<Entry>["insertMany"]>[0] extends readonly (infer D)[]
          ? D[]
          : never;
        await this.#database.run("writing the audit", () => this.#collection.insertMany(documents));
      } catch (error) {
        // The driver gave each entry its `_id`: they are there, and only the answer was lost.
        if (!isDuplicateKey(error)) return;
      }
      this.#entries.splice(0, some.length);
    }
    if (this.#dropped === 0 || this.#entries.length > 0) return;
    this.#database.log(
      `${this.#dropped} entries of ${this.#collection.collectionName} were lost in the outage`,
    );
    this.#dropped = 0;
  }
}
