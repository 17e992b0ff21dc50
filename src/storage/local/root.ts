/** The directory that a storage serves, opened once for all logins that share it. */
import { statSync } from "node:fs";
import { platform } from "node:os";
import { resolve } from "node:path";
import { StorageError } from "../errors.js";
import {
  type Confinement,
  type Directory,
  openDescriptorRoot,
  openPathRoot,
  realPathOf,
} from "./directory.js";
import { storageError } from "./errno.js";
import { learnDisk } from "./file-systems.js";
import { identityOf } from "./lease.js";
import { nativePath } from "./names.js";
import { type Owners, readOwners } from "./owners.js";
import type { RootLocation } from "./walk.js";

const open = new Map<string, Root>();
/** Roots of which was said already that they are confined less well; bounded, as homes may be many. */
const warned = new Set<string>();
const MOST_WARNED = 1000;

export class Root implements RootLocation {
  /** The real path when it was opened. It may have been moved since. */
  readonly real: string;
  readonly directory: Directory;
  readonly confinement: Confinement;
  readonly prefixes: readonly (readonly string[])[];
  readonly #key: string;
  #uses = 0;
  #owners: Owners | undefined;

  constructor(key: string, given: string, real: string, confinement: Confinement, directory: Directory) {
    this.#key = key;
    this.real = real;
    this.confinement = confinement;
    this.directory = directory;
    this.prefixes = [partsOf(real), partsOf(resolve(given))];
  }

  get owners(): Owners {
    this.#owners ??= readOwners();
    return this.#owners;
  }

  /** For a login, an open file or an operation that goes on. */
  retain(): void {
    this.#uses++;
  }

  release(): void {
    if (--this.#uses > 0) return;
    open.delete(this.#key);
    this.directory.close();
  }
}

/**
 * Opens a root, or joins those who have it open; release it.
 * @throws StorageError "not-found", "not-directory" or "denied"; "unsupported" when `confinement` asks for
 *   descriptors and the system has none to give.
 */
export function openRoot(
  given: string,
  confinement: "auto" | Confinement,
  warn: (message: string) => void,
): Root {
  try {
    const real = realPathOf(given);
    const stats = statSync(nativePath(real));
    if (!stats.isDirectory()) throw new StorageError("not-directory", `the root ${real} is not a directory`);
    // Not by name alone: a root that was deleted and made again is another one.
    const key = [confinement, identityOf(stats, openPathRoot(real), ""), real, given].join("\0");
    const root = open.get(key) ?? makeRoot(key, given, real, confinement, warn);
    learnDisk(stats.dev, nativePath(real));
    root.retain();
    open.set(key, root);
    return root;
  } catch (error) {
    throw storageError(error, given);
  }
}

function makeRoot(
  key: string,
  given: string,
  real: string,
  wanted: "auto" | Confinement,
  warn: (message: string) => void,
): Root {
  const directory = wanted === "realpath" ? undefined : openDescriptorRoot(real);
  if (directory !== undefined) return new Root(key, given, real, "descriptors", directory);
  if (wanted === "descriptors") {
    throw new StorageError("unsupported", "no O_PATH descriptors, or no /proc, on this system");
  }
  if (!warned.has(real) && warned.size < MOST_WARNED) {
    warned.add(real);
    warn(
      `${real} is confined by real paths only: a local process that swaps directories for links at the right moment can lead a transfer out of it (Linux with /proc mounted does not have this weakness)`,
    );
  }
  return new Root(key, given, real, "realpath", openPathRoot(real));
}

function partsOf(path: string): string[] {
  const slashed = platform() === "win32" ? path.replaceAll("\\", "/") : path;
  return slashed.split("/").filter((part) => part !== "");
}
