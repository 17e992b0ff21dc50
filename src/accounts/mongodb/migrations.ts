/** The version of what lies in the database, and the way from older ones. */
import type { Database } from "./database.js";
import { AccountsDatabaseError } from "./database-error.js";
import { underLock } from "./locks.js";
import { makeCollections } from "./schema.js";

export interface Migration {
  /** The version that the database has afterwards. */
  readonly to: number;
  /** May have been interrupted before, so it must bear to be run again. */
  run(database: Database): Promise<void>;
}

export const MIGRATIONS: readonly Migration[] = [{ to: 1, run: makeCollections }];

/**
 * Brings the database to the newest version, one node at a time.
 * @throws AccountsDatabaseError "content" when a newer Ferry has written it.
 */
export async function migrate(database: Database, migrations = MIGRATIONS): Promise<void> {
  const newest = Math.max(...migrations.map(({ to }) => to));
  if ((await versionOf(database, newest)) === newest) return;
  // The unique index on which the lock rests may not be there yet.
  await database.run("making an index", () =>
    database.state.createIndex({ lock: 1 }, { unique: true, sparse: true }),
  );
  await underLock(database, "schema", async () => {
    for (const migration of migrations) {
      if (migration.to <= (await versionOf(database, newest))) continue;
      await migration.run(database);
      await database.run("writing the version", () =>
        database.state.replaceOne({ _id: "schema" }, { version: migration.to }, { upsert: true }),
      );
      database.log(`the accounts at ${database.url.shown} have schema version ${migration.to} now`);
    }
  });
}

async function versionOf(database: Database, newest: number): Promise<number> {
  const found = await database.run("reading the version", () => database.state.findOne({ _id: "schema" }));
  const version = found !== null && "version" in found ? Number(found.version) : 0;
  if (version > newest) {
    throw new AccountsDatabaseError(
      "content",
      `the accounts at ${database.url.shown} have schema version ${version}; this Ferry knows ${newest}: update it`,
    );
  }
  return version;
}
