/** Where an account's storage comes from, in stores whose accounts are written in code. */
import { forward } from "../storage/forward.js";
import type { Storage } from "../storage/storage.js";
import type { LoginAttempt } from "./accounts.js";

/** One storage for every login, or a function that opens one for each. */
export type StorageSource = Storage | ((login: LoginAttempt) => Storage | Promise<Storage>);

/** A storage given as an object belongs to the application: the end of a session does not close it. */
export function storageOpener(source: StorageSource): (login: LoginAttempt) => Storage | Promise<Storage> {
  if (typeof source === "function") return source;
  const shared = forward(source, { close: undefined });
  return () => shared;
}
