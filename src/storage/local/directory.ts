/**
 * A directory that was reached without leaving the root, and what can be done from it. On Linux it is a
 * descriptor, so that it stays the same directory whatever others rename; elsewhere it is a real path.
 */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  realpathSync,
  type Stats,
  statSync,
} from "node:fs";
import { platform } from "node:os";
import { decodeText } from "../../protocol/text.js";
import { StorageError } from "../errors.js";
import { codeOf } from "./errno.js";
import { type NativePath, nativePath } from "./names.js";

export interface Directory {
  /** What `node:fs` takes for it, ending in `/`; an entry's name is put behind it. */
  readonly prefix: string;
  /** The directory of that name in it; undefined when that is a link. Throws the system's errors. */
  enter(name: string): Directory | undefined;
  /** Its own status. */
  stats(): Stats;
  /**
   * Runs `use` with a path of the entry itself, for calls that would follow a link (chmod, utimes).
   * @throws StorageError "denied" when the entry is a link.
   */
  reach<T>(name: string, use: (path: NativePath, stats: Stats) => T): T;
  /** A last look whether it still lies in the root, where that can change. @throws StorageError "denied" */
  confirm(): void;
  /** Not before everything that uses `prefix` has settled: the number would be given to another file. */
  close(): void;
}

export type Confinement = "descriptors" | "realpath";

const NO_THROW = { throwIfNoEntry: false } as const;

/** The same number on every Linux architecture that Node.js runs on; `node:fs` has no name for it. */
const O_PATH = 0o10000000;
const DIRECTORY_ONLY = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const NODE_ITSELF = O_PATH | constants.O_NOFOLLOW;

/** O_NONBLOCK: a FIFO would stop the process until its other end opens. Windows has neither flag. */
const UNFOLLOWED = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
export const TO_READ = constants.O_RDONLY | UNFOLLOWED;
export const TO_WRITE = constants.O_WRONLY | UNFOLLOWED;
export const TO_CREATE = TO_WRITE | constants.O_CREAT | constants.O_EXCL;

/** The status of an entry, not following a link; undefined when there is none. */
export function entryStats(directory: Directory, name: string): Stats | undefined {
  return lstatSync(pathIn(directory, name), NO_THROW);
}

/** The path of an entry; of the directory itself when the name is empty. */
export function pathIn(directory: Directory, name: string): NativePath {
  return nativePath(directory.prefix + (name === "" ? "." : name));
}

/** The root as a descriptor; undefined where the kernel, or a missing /proc, does not let that work. */
export function openDescriptorRoot(real: string): Directory | undefined {
  let root: DescriptorDirectory;
  try {
    root = new DescriptorDirectory(openSync(nativePath(real), DIRECTORY_ONLY));
  } catch {
    return undefined;
  }
  if (root.works()) return root;
  root.close();
  return undefined;
}

/** The root by its real path. */
export function openPathRoot(real: string): Directory {
  const prefix = real.endsWith("/") ? real : `${real}/`;
  return new PathDirectory(prefix, prefix);
}

class DescriptorDirectory implements Directory {
  readonly prefix: string;
  readonly #descriptor: number;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
    this.prefix = `/proc/self/fd/${descriptor}/`;
  }

  enter(name: string): Directory | undefined {
    const path = pathIn(this, name);
    try {
      return new DescriptorDirectory(openSync(path, DIRECTORY_ONLY));
    } catch (error) {
      // Linux says ENOTDIR of a link as well.
      if (codeOf(error) === "ENOTDIR" && lstatSync(path, NO_THROW)?.isSymbolicLink() === true)
        return undefined;
      throw error;
    }
  }

  stats(): Stats {
    return fstatSync(this.#descriptor);
  }

  reach<T>(name: string, use: (path: NativePath, stats: Stats) => T): T {
    const descriptor = openSync(pathIn(this, name), NODE_ITSELF);
    try {
      const stats = fstatSync(descriptor);
      if (stats.isSymbolicLink()) throw new StorageError("denied", "a link took the place of the entry");
      return use(`/proc/self/fd/${descriptor}`, stats);
    } finally {
      closeSync(descriptor);
    }
  }

  confirm(): void {}

  close(): void {
    closeSync(this.#descriptor);
  }

  /** Whether /proc leads back to the very same directory. */
  works(): boolean {
    try {
      const own = this.stats();
      const seen = statSync(`${this.prefix}.`);
      return own.isDirectory() && own.dev === seen.dev && own.ino === seen.ino;
    } catch {
      return false;
    }
  }
}

class PathDirectory implements Directory {
  readonly prefix: string;
  /** The prefix of the root. */
  readonly #root: string;

  constructor(prefix: string, root: string) {
    this.prefix = prefix;
    this.#root = root;
  }

  enter(name: string): Directory | undefined {
    const path = pathIn(this, name);
    const stats = lstatSync(path);
    if (stats.isSymbolicLink()) return undefined;
    if (!stats.isDirectory()) throw new StorageError("not-directory");
    return new PathDirectory(name === "." ? this.prefix : `${this.prefix}${name}/`, this.#root);
  }

  stats(): Stats {
    return lstatSync(pathIn(this, ""));
  }

  reach<T>(name: string, use: (path: NativePath, stats: Stats) => T): T {
    const path = pathIn(this, name);
    const stats = lstatSync(path);
    if (stats.isSymbolicLink()) throw new StorageError("denied", "a link took the place of the entry");
    return use(path, stats);
  }

  confirm(): void {
    const real = `${realPathOf(this.prefix)}/`.replace(/\/\/$/, "/");
    if (!real.startsWith(this.#root))
      throw new StorageError("denied", "a directory was moved out of the root");
  }

  close(): void {}
}

/** Without links, and with `/` between components. */
export function realPathOf(path: string): string {
  const real = decodeText(realpathSync.native(nativePath(path), "buffer"));
  return platform() === "win32" ? real.replaceAll("\\", "/").replace(/^\/\/\?\//, "") : real;
}
