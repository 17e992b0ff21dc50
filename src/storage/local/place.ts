/** Where a pathname led: a directory, and a name in it that may be new. */
import type { Stats } from "node:fs";
import type { Pathname } from "../../protocol/pathname.js";
import { StorageError } from "../errors.js";
import { type Directory, pathIn } from "./directory.js";
import type { NativePath } from "./names.js";

export class Place {
  readonly directory: Directory;
  /** Empty when the place is the directory itself: the root, or where a link ending in `..` leads. */
  readonly name: string;
  /** The pathname without links. */
  readonly pathname: Pathname;
  /** Of the entry when it was reached; undefined when there was none. A link has its own only if it was kept. */
  readonly stats: Stats | undefined;
  /** Whether the pathname itself is that of a link, which led here. */
  readonly linked: boolean;
  readonly #owned: boolean;
  #holds = 1;

  constructor(
    directory: Directory,
    owned: boolean,
    name: string,
    pathname: Pathname,
    stats: Stats | undefined,
    linked: boolean,
  ) {
    this.directory = directory;
    this.#owned = owned;
    this.name = name;
    this.pathname = pathname;
    this.stats = stats;
    this.linked = linked;
  }

  get path(): NativePath {
    return pathIn(this.directory, this.name);
  }

  /** Somebody else keeps it too, and releases it. */
  hold(): void {
    this.#holds++;
  }

  /** The last one closes the directory: not before every operation in it has settled. */
  release(): void {
    if (--this.#holds === 0 && this.#owned) this.directory.close();
  }

  /** The status of what must be there. */
  existing(): Stats {
    if (this.stats === undefined) throw new StorageError("not-found");
    return this.stats;
  }

  /** For what makes or replaces an entry: the root and `..` are none. */
  nameOfEntry(): string {
    if (this.name === "") throw new StorageError("denied", "the root itself");
    return this.name;
  }

  /** Runs `use` with a path of the entry itself, for calls that would follow a link; see {@link Directory}. */
  reach<T>(use: (path: NativePath, stats: Stats) => T): T {
    return this.directory.reach(this.name === "" ? "." : this.name, use);
  }

  /** The directory that the entry is; the caller closes it. */
  enter(): Directory {
    const directory = this.directory.enter(this.name === "" ? "." : this.name);
    if (directory === undefined) throw new StorageError("not-directory");
    return directory;
  }
}
