/** Where an account's storage comes from, in stores whose accounts are written in code. */
import type { Storage } from "../storage/storage.js";
import type { LoginAttempt } from "./accounts.js";

/** One storage for every login, or a function that opens one for each. */
export type StorageSource = Storage | ((login: LoginAttempt) => Storage | Promise<Storage>);

/** A storage given as an object belongs to the application: the end of a session does not close it. */
export function storageOpener(source: StorageSource): (login: LoginAttempt) => Storage | Promise<Storage> {
  if (typeof source === "function") return source;
  const shared = withoutClose(source);
  return () => shared;
}

/** Every other member as it is there; methods keep their own `this`, on which private fields depend. */
function withoutClose(storage: Storage): Storage {
  if (storage.close === undefined) return storage;
  return new Proxy(storage, {
    get(target, key) {
      if (key === "close") return undefined;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
