/** Modes and times. */
import { chmodSync, utimesSync } from "node:fs";
import { StorageError } from "../errors.js";
import type { Place } from "./place.js";

/**
 * Sets the nine permission bits. A client cannot set setuid, setgid or sticky; a directory keeps those that it
 * has, as they are how its administrator shares it.
 */
export function setPermissions(place: Place, mode: number): void {
  place.existing();
  place.reach((path, stats) => {
    const kept = stats.isDirectory() ? stats.mode & 0o7000 : 0;
    chmodSync(path, kept | (mode & 0o777));
  });
}

/** Milliseconds since the epoch; a time that is not given stays. */
export function setFileTimes(
  place: Place,
  times: { readonly modified?: number; readonly created?: number; readonly accessed?: number },
): void {
  if (times.created !== undefined) throw new StorageError("unsupported", "no call sets the time of creation");
  place.existing();
  place.reach((path, stats) => {
    const accessed = times.accessed ?? stats.atimeMs;
    const modified = times.modified ?? stats.mtimeMs;
    utimesSync(path, seconds(accessed), seconds(modified));
  });
}

/** As text: Node.js takes a negative number, which is a time before 1970, for "now". */
export function seconds(milliseconds: number): string {
  return String(milliseconds / 1000);
}

/** Gives a new directory its mode in full; the umask of the process was taken off when it was made. */
export function completeMode(place: Place, mode: number): void {
  place.reach((path, stats) => {
    if ((stats.mode & 0o777) !== mode) chmodSync(path, (stats.mode & 0o7000) | mode);
  });
}

/**
 * What a link in `directory` (its components below the root) is to say so that it means the same inside and
 * outside of the root: absolute targets become relative. `..` is resolved as in every pathname of a client, by
 * text and no higher than the root, so that no other program that follows the link leaves the root either: as
 * long as the link, or a directory above it, is not renamed to a place of another depth (docs/security.md).
 */
export function linkTarget(directory: readonly string[], said: string): string {
  if (said === "" || said.includes("\0")) throw new StorageError("bad-name");
  const names: string[] = said.startsWith("/") ? [] : [...directory];
  let asSaid = !said.startsWith("/");
  let climbing = true;
  for (const component of said.split("/")) {
    if (component === "" || component === ".") continue;
    if (component !== "..") {
      climbing = false;
      names.push(component);
      continue;
    }
    const climbed = names.pop() !== undefined;
    if (!climbing || !climbed) asSaid = false;
  }
  if (asSaid) return said;
  return [...directory.map(() => ".."), ...names].join("/") || ".";
}
