/**
 * Who writes to a file at this moment, by the file itself and not by its name, over all storages of the process:
 * two roots may hold the same directory.
 */
import { lstatSync, type Stats } from "node:fs";
import { StorageError } from "../errors.js";
import { type Directory, pathIn } from "./directory.js";

/** Milliseconds that a new writer waits for one that is giving up; a disk that stands still takes longer. */
const GIVING_UP = 5000;

interface Leased {
  /** Those who wait until it is released. */
  readonly waiting: Set<() => void>;
  isGivingUp: () => boolean;
}

const written = new Map<string, Leased>();

export interface WriteLease {
  /** Tells how to know that the file will be let go soon, without the writer's doing more to it. */
  whether(isGivingUp: () => boolean): void;
  release(): void;
}

/** Undefined when somebody writes to the file already. Only for files that stay open: a number is used again. */
export function takeWriteLease(file: FileIdentity): WriteLease | undefined {
  if (written.has(file)) return undefined;
  const leased: Leased = { waiting: new Set(), isGivingUp: () => false };
  written.set(file, leased);
  return {
    whether: (isGivingUp) => {
      leased.isGivingUp = isGivingUp;
    },
    release: () => {
      written.delete(file);
      for (const wake of leased.waiting) wake();
    },
  };
}

/**
 * Resolves when a writer that is giving up has let the file go, or will not soon. A client whose connection broke
 * is back sooner than a busy machine has put away what arrived, and should not be told "busy" for its own upload.
 */
export async function whileGivingUp(file: FileIdentity, signal: AbortSignal): Promise<void> {
  const leased = written.get(file);
  if (leased === undefined || signal.aborted || !leased.isGivingUp()) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      leased.waiting.delete(done);
      resolve();
    };
    const timer = setTimeout(done, GIVING_UP);
    signal.addEventListener("abort", done, { once: true });
    leased.waiting.add(done);
  });
}

/**
 * Runs `work`, which takes the file's name away, while nobody writes to it and nobody can begin to: who appends
 * would go on writing to a file without a name, and be told that all is well.
 * @throws StorageError "busy" when somebody does.
 */
export async function whileUnwritten(
  file: FileIdentity,
  work: () => void | Promise<void> | undefined,
): Promise<void> {
  const lease = takeWriteLease(file);
  if (lease === undefined) throw new StorageError("busy");
  try {
    await work();
  } finally {
    lease.release();
  }
}

export function isWritten(file: FileIdentity): boolean {
  return written.size > 0 && written.has(file);
}

/** `device-inode` in hexadecimal. */
export type FileIdentity = string;

/**
 * Equal for the same file only. Inode numbers beyond 2^53 (overlayfs with xino, NTFS, ZFS) do not fit into a
 * double; they are asked for again, exactly, under the name that it has in `directory`.
 */
export function identityOf(stats: Stats, directory: Directory, name: string): FileIdentity {
  if (Number.isSafeInteger(stats.ino)) return `${stats.dev.toString(16)}-${stats.ino.toString(16)}`;
  const exact = lstatSync(pathIn(directory, name), { bigint: true, throwIfNoEntry: false });
  const inode = exact === undefined ? BigInt(stats.ino) : exact.ino;
  return `${stats.dev.toString(16)}-${inode.toString(16)}`;
}
