/** Accounts in MongoDB: the store that the server asks, and the directory that changes them. */
export type { AccountActivity, AccountDirectory } from "../directory.js";
export { Audit, type LoginEntry, type TransferEntry } from "./audit.js";
export type { CacheOptions } from "./cache.js";
export type { DatabaseOptions } from "./database.js";
export { AccountsDatabaseError, type DatabaseProblem } from "./database-error.js";
export { MongoDirectory } from "./directory.js";
export type { NodeOptions } from "./node.js";
export { MongoAccounts, type MongoAccountsOptions } from "./store.js";
export { isDatabaseUrl } from "./url.js";
export type { WatchOptions } from "./watch.js";
