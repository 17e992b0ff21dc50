/** What a file operation may be done to. */
import type { Stats } from "node:fs";
import { StorageError } from "../errors.js";

/** @throws StorageError "is-directory", "not-regular" (FIFO, socket, device), or "denied" for a link. */
export function requireFile(stats: Stats): void {
  if (stats.isFile()) return;
  if (stats.isDirectory()) throw new StorageError("is-directory");
  if (stats.isSymbolicLink()) throw new StorageError("denied", "a link took the place of the file");
  throw new StorageError("not-regular");
}
