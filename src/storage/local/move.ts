/** Renaming, over what is there or strictly not. */
import {
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  promises,
  renameSync,
  rmdirSync,
  type Stats,
  unlinkSync,
} from "node:fs";
import { StorageError } from "../errors.js";
import { TO_CREATE } from "./directory.js";
import { hasNoLinks } from "./errno.js";
import { identityOf, whileUnwritten } from "./lease.js";
import type { NativePath } from "./names.js";
import type { Place } from "./place.js";

/** Bytes; freeing more than this keeps the disk or the page cache busy for long enough to leave it to a thread. */
export const LARGE = 4 * 1024 * 1024;

/** Renames one entry to another, which may be new. */
export async function movePlace(source: Place, target: Place, replace: boolean): Promise<void> {
  const moved = source.existing();
  source.nameOfEntry();
  const name = target.nameOfEntry();
  if (target.stats === undefined && !replace) return moveToNewName(source.path, target.path, moved);
  if (!replace) throw new StorageError("exists");
  if (target.stats === undefined) return moveOver(source.path, target.path, moved.size);
  const bytes = Math.max(moved.size, target.stats.size);
  await whileUnwritten(identityOf(target.stats, target.directory, name), () =>
    moveOver(source.path, target.path, bytes),
  );
}

/**
 * Renames, replacing a file or an empty directory. `bytes` is the most that either file holds: renaming may
 * write the new one to disk (ext4) and frees the old one, which takes its time when they are large.
 */
export function moveOver(from: NativePath, to: NativePath, bytes: number): Promise<void> | undefined {
  if (bytes > LARGE) return promises.rename(from, to);
  renameSync(from, to);
  return undefined;
}

/** Removes a name of a file of so many bytes. */
export function unlinkFile(path: NativePath, bytes: number): Promise<void> | undefined {
  if (bytes > LARGE) return promises.unlink(path);
  unlinkSync(path);
  return undefined;
}

/**
 * Renames to a name that must be new. Node.js has no RENAME_NOREPLACE, but link, mkdir and O_EXCL never
 * replace: a file gets its second name and loses the first; where that cannot be, the name is claimed by
 * something empty, which rename then replaces. Of two that want the name one gets EEXIST.
 */
export function moveToNewName(from: NativePath, to: NativePath, kind: Stats): void {
  if (kind.isDirectory()) {
    mkdirSync(to, 0o700);
    renameOr(from, to, () => rmdirSync(to));
  } else if (!kind.isFile() || !linkAlso(from, to)) {
    closeSync(openSync(to, TO_CREATE, 0o600));
    renameOr(from, to, () => unlinkSync(to));
  } else {
    unlinkOr(from, () => unlinkSync(to));
  }
}

/** Whether the file has a second name now; not where there are no hard links. */
function linkAlso(from: NativePath, to: NativePath): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (hasNoLinks(error)) return false;
    throw error;
  }
}

function renameOr(from: NativePath, to: NativePath, undo: () => void): void {
  try {
    renameSync(from, to);
  } catch (error) {
    undoQuietly(undo);
    throw error;
  }
}

function unlinkOr(path: NativePath, undo: () => void): void {
  try {
    unlinkSync(path);
  } catch (error) {
    undoQuietly(undo);
    throw error;
  }
}

/** The first failure is the one to tell of. */
function undoQuietly(undo: () => void): void {
  try {
    undo();
  } catch {
    // Nothing more can be done.
  }
}
