/** A storage that takes no changes. */
import { StorageError } from "./errors.js";
import { forward } from "./forward.js";
import type { Storage } from "./storage.js";

/**
 * Shows what `inner` holds. Changes are refused as "read-only"; optional methods that change something, or that
 * prepare a change, are absent.
 */
export function readOnly(inner: Storage): Storage {
  return forward(inner, {
    openWrite: refuse,
    remove: refuse,
    makeDirectory: refuse,
    removeDirectory: refuse,
    rename: refuse,
    partial: undefined,
    openUnique: undefined,
    setTimes: undefined,
    settableTimes: undefined,
    setMode: undefined,
    makeLink: undefined,
    availableSpace: undefined,
  });
}

async function refuse(): Promise<never> {
  throw new StorageError("read-only");
}
