/**
 * The quick way to ask for many entries of one directory. A path through /proc/self/fd costs twice a plain one,
 * which shows in a listing of 50,000 files, but a plain path can be led elsewhere by whoever renames a directory
 * on it. That leaves a trace which nobody can wipe out: the ctime of the directory that holds the renamed name.
 * So entries are asked for by the plain path, and the answers count only if every directory on the way led to
 * the next one, and had the same ctime, before and after; else they are asked for again through the descriptor.
 */
import { lstatSync, type Stats } from "node:fs";
import { diskOf } from "./file-systems.js";
import { nativePath } from "./names.js";

/** Milliseconds. Older than the coarsest clock of a file system that is relied on (ext3 keeps whole seconds). */
const SETTLED = 3000;
const NO_THROW = { throwIfNoEntry: false } as const;

/** What was seen on the way: comparable, undefined when it cannot be relied on. */
export type Sight = string | undefined;

export class SteadyPath {
  /** The plain path of the directory, ending in `/`. */
  readonly prefix: string;
  /** Every directory that holds the next component, from `/` down. */
  readonly #holders: readonly string[];
  readonly #target: string;
  readonly #device: number;
  readonly #inode: number;

  readonly #settled: number;

  /** `own` is the status of the directory by its descriptor; `settled` is for tests. */
  constructor(real: string, own: Stats, settled: number = SETTLED) {
    this.#settled = settled;
    const parts = real.split("/").filter((part) => part !== "");
    this.#target = `/${parts.join("/")}`;
    this.prefix = parts.length === 0 ? "/" : `${this.#target}/`;
    this.#holders = parts.map((_, at) => `/${parts.slice(0, at).join("/")}`);
    this.#device = own.dev;
    this.#inode = own.ino;
  }

  /** Looks from `/` to the directory; equal before and after when nobody changed the way in between. */
  look(): Sight {
    const settled = Date.now() - this.#settled;
    let seen = "";
    for (const path of this.#holders) {
      const stats = lstatSync(nativePath(path), NO_THROW);
      if (stats === undefined || !stats.isDirectory()) return undefined;
      // A change within the same tick of the clock would leave the ctime as it is.
      if (stats.ctimeMs > settled || !diskOf(stats.dev, path).local) return undefined;
      seen += `${stats.dev}:${stats.ino}:${stats.ctimeMs}/`;
    }
    const own = lstatSync(nativePath(this.#target), NO_THROW);
    return own?.dev === this.#device && own.ino === this.#inode ? seen : undefined;
  }
}
