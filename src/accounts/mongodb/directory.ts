/** Accounts read and changed, as `ferry user` and programs of an operator do it. */
import { randomBytes } from "node:crypto";
import { BSON, ObjectId } from "mongodb";
import type { AccountActivity, AccountDirectory, Put } from "../directory.js";
import { isAccountName } from "../name.js";
import { type AccountRecord, accountSchema } from "../record.js";
import { describeIssue } from "../schema.js";
import { activityOf } from "./activity.js";
import { Database, type DatabaseOptions } from "./database.js";
import { AccountsDatabaseError } from "./database-error.js";
import { type AccountDocument, fieldsOf, recordIn } from "./documents.js";
import { describe, isDuplicateKey } from "./errors.js";
import { serialized } from "./locks.js";
import { migrate } from "./migrations.js";

const { deserialize, serialize } = BSON;

/** Attempts to change an account that others change too. */
const ATTEMPTS = 50;

export interface FoundAccount {
  readonly id: ObjectId;
  readonly record: AccountRecord;
}

export class MongoDirectory implements AccountDirectory {
  readonly database: Database;
  readonly #ownsDatabase: boolean;
  #standIn: Uint8Array | undefined;

  /** `database` must have been migrated; it is closed by whoever opened it. */
  constructor(database: Database, o: { readonly owned?: boolean } = {}) {
    this.database = database;
    this.#ownsDatabase = o.owned ?? false;
  }

  /** @throws AccountsDatabaseError */
  static async open(url: string, o: DatabaseOptions = {}): Promise<MongoDirectory> {
    const database = await Database.connect(url, o);
    try {
      await migrate(database);
    } catch (error) {
      await database.close();
      throw describe(error, `cannot use the accounts at ${database.url.shown}`, database.url.secrets);
    }
    return new MongoDirectory(database, { owned: true });
  }

  get shown(): string {
    return this.database.url.shown;
  }

  async get(name: string): Promise<AccountRecord | undefined> {
    return (await this.find(name))?.record;
  }

  /** A name that is none is never asked for; any other one only as the text that it is. */
  async find(name: string): Promise<FoundAccount | undefined> {
    if (!isAccountName(name)) return undefined;
    const found = await this.#document(name);
    if (found !== null) return { id: found._id, record: recordIn(found) };
    // An account that is not there costs what reading one costs.
    if (this.#standIn !== undefined) recordIn(deserialize(this.#standIn) as AccountDocument);
    return undefined;
  }

  /** Those that are still there, by their `_id` in hexadecimal. What is not valid is logged. */
  async findAll(ids: readonly ObjectId[]): Promise<ReadonlyMap<string, AccountRecord | "invalid">> {
    const documents = await this.database.run("reading accounts", () =>
      this.database.accounts.find({ _id: { $in: [...ids] } }).toArray(),
    );
    return new Map(
      documents.map((document) => [document._id.toHexString(), this.#recordOrInvalid(document)]),
    );
  }

  async *all(): AsyncIterable<AccountRecord> {
    try {
      for await (const document of this.database.accounts.find().sort({ name: 1 })) yield recordIn(document);
    } catch (error) {
      throw describe(error, "reading accounts", this.database.url.secrets);
    }
  }

  /** Hashes to spread the cost of unknown names over; one of their accounts stands in for those names. */
  async someHashes(most: number): Promise<readonly string[]> {
    const typical = await this.database.run("reading an account", () => this.database.accounts.findOne());
    if (typical !== null && this.#recordOrInvalid(typical) !== "invalid") this.#standIn = serialize(typical);
    const found = await this.database.run("reading accounts", () =>
      this.database.accounts
        .find({}, { projection: { password: 1 } })
        .limit(most)
        .toArray(),
    );
    return found.map(({ password }) => password).filter((password) => typeof password === "string");
  }

  async create(record: AccountRecord): Promise<"created" | "exists"> {
    const created = await this.#create(record);
    if (created === "created") await this.#announce();
    return created;
  }

  async *putAll(
    records: readonly AccountRecord[],
    { replace }: { readonly replace: boolean },
  ): AsyncIterable<{ readonly record: AccountRecord; readonly put: Put }> {
    let changed = false;
    try {
      for (const record of records) {
        const put = await this.#put(record, replace);
        if (put !== "left") changed = true;
        yield { record, put };
      }
    } finally {
      if (changed) await this.#announce();
    }
  }

  async #put(record: AccountRecord, replace: boolean): Promise<Put> {
    if ((await this.#create(record)) === "created") return "added";
    if (!replace) return "left";
    await this.#change(record.name, ({ created }) => ({ ...record, created }));
    return "replaced";
  }

  async #create(record: AccountRecord): Promise<"created" | "exists"> {
    const fields = fieldsOf(checked(record));
    const document = { _id: new ObjectId(), revision: 0, ...fields };
    try {
      await this.database.run("adding an account", () => this.database.accounts.insertOne(document));
    } catch (error) {
      if (isDuplicateKey(error)) return "exists";
      throw describe(error, "adding an account", this.database.url.secrets);
    }
    return "created";
  }

  async change(
    name: string,
    to: (record: AccountRecord) => AccountRecord,
  ): Promise<AccountRecord | undefined> {
    const changed = await this.#change(name, to);
    if (changed !== undefined) await this.#announce();
    return changed;
  }

  /** Unless it has another one by now. No session needs to hear of it. */
  async replaceHash(name: string, before: string, after: string): Promise<void> {
    await this.#change(name, (record) =>
      record.password === before ? { ...record, password: after } : record,
    );
  }

  async remove(name: string): Promise<AccountRecord | undefined> {
    const found = await this.find(name);
    if (found === undefined) return undefined;
    const { accounts, usage } = this.database;
    const { deletedCount } = await this.database.run("removing an account", () =>
      accounts.deleteOne({ _id: found.id }),
    );
    if (deletedCount === 0) return undefined;
    await this.#announce();
    await this.database.run("removing what was counted", () => usage.deleteOne({ _id: found.id }));
    return found.record;
  }

  async activity(name: string): Promise<AccountActivity> {
    const found = await this.find(name);
    return found === undefined ? {} : activityOf(this.database, found.id, name);
  }

  async close(): Promise<void> {
    if (this.#ownsDatabase) await this.database.close();
  }

  #recordOrInvalid(document: AccountDocument): AccountRecord | "invalid" {
    try {
      return recordIn(document);
    } catch (error) {
      this.database.log(error instanceof Error ? error.message : String(error));
      return "invalid";
    }
  }

  #document(name: string): Promise<AccountDocument | null> {
    return this.database.run("looking for an account", () =>
      this.database.accounts.findOne({ name: { $eq: name } }),
    );
  }

  /** Looks, changes, and writes if it still is what was seen. */
  async #change(
    name: string,
    to: (record: AccountRecord) => AccountRecord,
  ): Promise<AccountRecord | undefined> {
    if (!isAccountName(name)) return undefined;
    return serialized(this.database, `account ${name}`, async () => {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const found = await this.#document(name);
        if (found === null) return undefined;
        const record = recordIn(found);
        const next = to(record);
        if (next === record) return record;
        if (await this.#replace(found, checked(next))) return next;
      }
      throw new AccountsDatabaseError("unavailable", `account ${JSON.stringify(name)} changes all the time`);
    });
  }

  async #replace(found: AccountDocument, next: AccountRecord): Promise<boolean> {
    const { _id, revision } = found;
    try {
      const { matchedCount } = await this.database.run("changing an account", () =>
        this.database.accounts.replaceOne({ _id, revision }, { revision: revision + 1, ...fieldsOf(next) }),
      );
      return matchedCount === 1;
    } catch (error) {
      throw describe(error, "changing an account", this.database.url.secrets);
    }
  }

  /** Nodes that cannot have change streams look at this token. A random one, so that none is written twice. */
  async #announce(): Promise<void> {
    const token = randomBytes(12).toString("hex");
    try {
      await this.database.run("announcing a change", () =>
        this.database.state.replaceOne({ _id: "changes" }, { token }, { upsert: true }),
      );
    } catch (error) {
      // Somebody else made the document at the same time: whoever sees that looks at our change too.
      if (!isDuplicateKey(error)) throw error;
    }
  }
}

/** @throws AccountsDatabaseError "content": what is not valid is not written either. */
function checked(record: AccountRecord): AccountRecord {
  const found = accountSchema.safeParse(record);
  if (found.success) return record;
  throw new AccountsDatabaseError("content", describeIssue(found.error).text);
}
