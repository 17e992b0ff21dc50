/** Locks that all nodes share. They rest on a unique index alone, which every server keeps in one step. */
import { randomBytes } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import type { Database } from "./database.js";
import { AccountsDatabaseError } from "./database-error.js";
import { isDuplicateKey } from "./errors.js";

/** Milliseconds after which a lock belongs to a dead process: longer than any work under one may take. */
const STALE = 15_000;
const PATIENCE = 20_000;
const BETWEEN_TRIES = 15;

/**
 * Runs `work` while nobody else holds the lock.
 * @throws AccountsDatabaseError "unavailable" when it stays taken.
 */
export async function underLock<T>(database: Database, name: string, work: () => Promise<T>): Promise<T> {
  const token = randomBytes(16).toString("hex");
  await take(database, name, token);
  try {
    return await work();
  } finally {
    // What cannot be released becomes stale.
    await database
      .run("releasing a lock", () => database.state.deleteOne({ _id: token }))
      .catch(() => undefined);
  }
}

/** Only where an update would not be atomic by itself. */
export function serialized<T>(database: Database, name: string, work: () => Promise<T>): Promise<T> {
  return database.features.atomicUpdates ? work() : underLock(database, name, work);
}

async function take(database: Database, lock: string, token: string): Promise<void> {
  const patience = performance.now() + PATIENCE;
  for (;;) {
    try {
      const expires = new Date(database.now() + STALE);
      await database.run("taking a lock", () => database.state.insertOne({ _id: token, lock, expires }));
      return;
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
    }
    if (performance.now() > patience) {
      throw new AccountsDatabaseError("unavailable", `the lock ${JSON.stringify(lock)} stays taken`);
    }
    await removeStale(database, lock);
    await wait(BETWEEN_TRIES * (0.5 + Math.random()));
  }
}

async function removeStale(database: Database, lock: string): Promise<void> {
  const found = await database.run("reading a lock", () => database.state.findOne({ lock }));
  if (found === null || !("expires" in found) || found.expires.getTime() > database.now()) return;
  await database.run("removing a lock", () => database.state.deleteOne({ _id: found._id }));
}
