/** Opening files to write: the descriptor, the lease on it, and the handle around both. */
import { closeSync, fchmodSync, fstatSync, openSync, type Stats, unlinkSync } from "node:fs";
import { StorageError } from "../errors.js";
import { type Directory, entryStats, pathIn, TO_CREATE, TO_WRITE } from "./directory.js";
import { codeOf } from "./errno.js";
import { diskOf } from "./file-systems.js";
import { requireFile } from "./file-type.js";
import { FileWriter } from "./file-writer.js";
import { identityOf, isWritten, takeWriteLease, type WriteLease } from "./lease.js";
import { unlinkFile } from "./move.js";
import type { NativePath } from "./names.js";
import { type Parts, WRITING_MODE } from "./parts.js";
import type { Place } from "./place.js";
import type { Root } from "./root.js";
import { type Destination, LocalWriteHandle } from "./write-handle.js";

/** How a storage treats uploads. */
export interface UploadSettings {
  readonly parts: Parts;
  readonly uploads: "atomic" | "direct";
  readonly umask: number;
  /** Commit waits until the bytes are on the disk. */
  readonly durable: boolean;
  readonly warn: (message: string) => void;
}

/** One request to write. */
export interface UploadRequest {
  readonly settings: UploadSettings;
  readonly root: Root;
  readonly place: Place;
  readonly path: string;
  /** The name that the client used, which may be that of a link. */
  readonly entryName: string;
  readonly signal: AbortSignal;
}

/** A regular file that is open to be written, by nobody else. */
export interface WritableFile {
  readonly descriptor: number;
  readonly stats: Stats;
  readonly lease: WriteLease;
  close(): void;
}

/** Opens an existing file. @throws StorageError "busy" when somebody writes to it. */
export function openToWrite(directory: Directory, name: string): WritableFile {
  const path = pathIn(directory, name);
  return leased(openSync(path, TO_WRITE), directory, name);
}

/** Makes a file that others see; undefined when one is there already. */
export function createVisible(directory: Directory, name: string, mode: number): WritableFile | undefined {
  const path = pathIn(directory, name);
  const descriptor = createNew(path, mode);
  if (descriptor === undefined) return undefined;
  const file = leased(descriptor, directory, name);
  // The umask of the process was taken off; ours has been already.
  if ((file.stats.mode & 0o777) !== mode) fchmodSync(descriptor, mode);
  return file;
}

/**
 * Makes the hidden file of an upload, in the stead of one that broke off. Undefined when there is a visible
 * file that could not be replaced: see {@link mayReplace}, or the directory takes no new name.
 * @throws StorageError "busy" when the account writes to the same file already.
 */
export async function createHidden(
  request: UploadRequest,
  hidden: string,
): Promise<WritableFile | undefined> {
  const { directory, stats } = request.place;
  const path = pathIn(directory, hidden);
  let descriptor: number | undefined;
  try {
    descriptor = createNew(path, WRITING_MODE);
    if (descriptor === undefined) {
      const left = entryStats(directory, hidden);
      if (left !== undefined && isWritten(identityOf(left, directory, hidden)))
        throw new StorageError("busy");
      await unlinkFile(path, left?.size ?? 0);
      descriptor = createNew(path, WRITING_MODE);
    }
  } catch (error) {
    const code = codeOf(error);
    if (stats !== undefined && (code === "EACCES" || code === "EPERM")) return undefined;
    throw error;
  }
  if (descriptor === undefined) throw new StorageError("busy");
  const file = leased(descriptor, directory, hidden);
  if (stats === undefined || mayReplace(directory, stats, file.stats)) return file;
  file.close();
  unlinkSync(path);
  return undefined;
}

/** The handle of an upload to `file`; closes that when it cannot be made. */
export function handleFor(
  request: UploadRequest,
  file: WritableFile,
  how: {
    readonly start: number;
    readonly cut: boolean;
    readonly begin: () => void;
    readonly destination: Destination;
  },
): LocalWriteHandle {
  const { root, place, path, entryName, signal, settings } = request;
  const disk = diskOf(file.stats.dev, pathIn(place.directory, ""));
  return new LocalWriteHandle({
    root,
    place,
    path,
    entryName,
    signal,
    start: how.start,
    writer: new FileWriter(file.descriptor, path, disk.writes, how),
    destination: how.destination,
    lease: file.lease,
    flush: settings.durable ? "bytes and name" : disk.local ? "nothing" : "bytes",
  });
}

/**
 * rename(2): in a sticky directory only its owner, the file's owner and root replace a file; and nobody one that
 * is mounted there by itself, as containers do.
 */
function mayReplace(directory: Directory, visible: Stats, hidden: Stats): boolean {
  if (visible.dev !== hidden.dev) return false;
  if (visible.uid === hidden.uid || hidden.uid === 0) return true;
  const holder = directory.stats();
  return (holder.mode & 0o1000) === 0 || holder.uid === hidden.uid;
}

function createNew(path: NativePath, mode: number): number | undefined {
  try {
    return openSync(path, TO_CREATE, mode);
  } catch (error) {
    if (codeOf(error) === "EEXIST") return undefined;
    throw error;
  }
}

function leased(descriptor: number, directory: Directory, name: string): WritableFile {
  try {
    const stats = fstatSync(descriptor);
    requireFile(stats);
    const lease = takeWriteLease(identityOf(stats, directory, name));
    if (lease === undefined) throw new StorageError("busy");
    return {
      descriptor,
      stats,
      lease,
      close() {
        lease.release();
        closeSync(descriptor);
      },
    };
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}
