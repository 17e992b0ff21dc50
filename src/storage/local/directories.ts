/** Making and removing directories. */
import { mkdirSync, rmdirSync } from "node:fs";
import { StorageError } from "../errors.js";
import { completeMode } from "./attributes.js";
import { isNotEmpty } from "./errno.js";
import type { Parts } from "./parts.js";
import type { Place } from "./place.js";

export function makeDirectoryAt(place: Place, umask: number): void {
  if (place.stats !== undefined) throw new StorageError("exists");
  const mode = 0o777 & ~umask;
  mkdirSync(place.path, mode);
  completeMode(place, mode);
}

/** Parts that nobody sees and this account may drop do not keep a directory from going. */
export async function removeDirectoryAt(place: Place, parts: Parts): Promise<void> {
  place.nameOfEntry();
  if (!place.existing().isDirectory()) throw new StorageError("not-directory");
  if (removeEmpty(place)) return;
  const directory = place.enter();
  try {
    await parts.sweep(directory);
  } finally {
    directory.close();
  }
  if (!removeEmpty(place)) throw new StorageError("not-empty");
}

/** Whether the directory was empty, and is gone. */
function removeEmpty(place: Place): boolean {
  try {
    rmdirSync(place.path);
    return true;
  } catch (error) {
    if (isNotEmpty(error)) return false;
    throw error;
  }
}
