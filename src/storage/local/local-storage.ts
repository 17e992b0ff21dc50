/** A directory of this machine as a storage. */
import { statfsSync, symlinkSync } from "node:fs";
import { componentsOf, nameOf, type Pathname, parentOf } from "../../protocol/pathname.js";
import { StorageError } from "../errors.js";
import type {
  DigestAlgorithm,
  Entry,
  Operation,
  PartialUpload,
  ReadHandle,
  ReadOptions,
  Storage,
  UniqueWriteHandle,
  WriteHandle,
  WriteIntent,
} from "../storage.js";
import { linkTarget, setFileTimes, setPermissions } from "./attributes.js";
import { digestOf } from "./digest.js";
import { makeDirectoryAt, removeDirectoryAt } from "./directories.js";
import type { Confinement } from "./directory.js";
import { entryOf, linkEntry } from "./entry.js";
import { storageError } from "./errno.js";
import { listDirectory } from "./list.js";
import { movePlace, unlinkFile } from "./move.js";
import { isHidden, nativePath } from "./names.js";
import type { UploadSettings } from "./opening.js";
import { Parts } from "./parts.js";
import type { Place } from "./place.js";
import { openFile } from "./read.js";
import { openRoot, type Root } from "./root.js";
import { openUniqueUpload } from "./unique.js";
import { openUpload } from "./upload.js";
import { walk } from "./walk.js";

export interface LocalStorageOptions {
  /** The directory that is `/`. Nothing outside of it can be reached. */
  readonly root: string;
  /** Whose parts of broken uploads these are. Absent for anonymous logins: their uploads leave none. */
  readonly account?: string | undefined;
  /** "atomic" (default): a file appears when it is complete. "direct": it grows where others can see it. */
  readonly uploads?: "atomic" | "direct" | undefined;
  /** Permission bits that new files and directories do not get; 0o022 when absent. */
  readonly umask?: number | undefined;
  /** Told, in one line for a log, of what is done in a weaker way than asked for. */
  readonly warn?: ((message: string) => void) | undefined;
  /** Milliseconds after which a part is forgotten; 24 hours when absent. */
  readonly partLifetime?: number | undefined;
  /** "auto" (default) takes descriptors where the system has them; the others are for tests. */
  readonly confinement?: "auto" | Confinement | undefined;
  /** An upload is on the disk before it counts as done (fdatasync); false when absent. */
  readonly durable?: boolean | undefined;
}

const DAY = 24 * 60 * 60 * 1000;

/**
 * Opens a directory for one login. Logins that share it share one descriptor.
 * @throws StorageError "not-found", "not-directory" or "denied" for the root.
 */
export async function openLocalStorage(options: LocalStorageOptions): Promise<LocalStorage> {
  const warn = options.warn ?? (() => {});
  const root = openRoot(options.root, options.confinement ?? "auto", warn);
  return new LocalStorage(root, {
    parts: new Parts(options.account, options.partLifetime ?? DAY),
    uploads: options.uploads ?? "atomic",
    umask: options.umask ?? 0o022,
    durable: options.durable ?? false,
    warn,
  });
}

/** Made by {@link openLocalStorage}. */
export class LocalStorage implements Storage {
  readonly settableTimes = ["modified"] as const;
  /** Not there with direct uploads, which leave no parts. */
  readonly partial?: (path: Pathname, o: Operation) => Promise<PartialUpload | undefined>;
  readonly #root: Root;
  readonly #settings: UploadSettings;
  #state: "open" | "closed" = "open";

  constructor(root: Root, settings: UploadSettings) {
    this.#root = root;
    this.#settings = settings;
    if (settings.uploads === "atomic") this.partial = (path, o) => this.#partial(path, o);
  }

  /** "descriptors", or "realpath" where a local process could win a race; see the warning. */
  get confinement(): Confinement {
    return this.#root.confinement;
  }

  stat(path: Pathname, o: Operation): Promise<Entry> {
    return this.#at(path, "follow", o, (place) => this.#entryAt(place, path));
  }

  statLink(path: Pathname, o: Operation): Promise<Entry> {
    return this.#at(path, "keep", o, (place) => {
      const stats = place.existing();
      if (!stats.isSymbolicLink()) return this.#entryAt(place, path);
      const entry = linkEntry(this.#root, place.directory, place.name, stats);
      if (entry === undefined) throw new StorageError("not-found");
      return entry;
    });
  }

  async *list(path: Pathname, o: Operation): AsyncGenerator<readonly Entry[]> {
    this.#expectOpen(o);
    this.#root.retain();
    try {
      const place = walk(this.#root, path, "follow");
      try {
        if (!place.existing().isDirectory()) throw new StorageError("not-directory");
        const { parts } = this.#settings;
        yield* listDirectory(this.#root, place, o, (directory, name) => parts.expire(directory, name));
      } finally {
        place.release();
      }
    } catch (error) {
      throw storageError(error, path);
    } finally {
      this.#root.release();
    }
  }

  openRead(path: Pathname, o: ReadOptions): Promise<ReadHandle> {
    return this.#at(path, "follow", o, (place) => openFile(this.#root, place, path, o));
  }

  async openWrite(path: Pathname, o: Operation & WriteIntent): Promise<WriteHandle> {
    refuseHidden(path);
    return this.#at(path, "follow", o, (place) =>
      openUpload({ ...this.#request(place, path, o), entryName: nameOf(path) }, o),
    );
  }

  openUnique(directory: Pathname, o: Operation & { readonly hint?: string }): Promise<UniqueWriteHandle> {
    return this.#at(directory, "follow", o, (place) => {
      place.existing();
      return openUniqueUpload(this.#request(place, directory, o), o.hint);
    });
  }

  /** Forgets the part of an upload to `path` as well; with a part alone that is all there is to remove. */
  remove(path: Pathname, o: Operation): Promise<void> {
    return this.#at(path, "keep", o, async (place) => {
      const name = place.nameOfEntry();
      if (place.stats?.isDirectory()) throw new StorageError("is-directory");
      if (place.stats !== undefined) await unlinkFile(place.path, place.stats.size);
      const dropped = await this.#settings.parts.drop(place.directory, name);
      if (place.stats === undefined && !dropped) throw new StorageError("not-found");
    });
  }

  async makeDirectory(path: Pathname, o: Operation): Promise<void> {
    refuseHidden(path);
    return this.#at(path, "keep", o, (place) => makeDirectoryAt(place, this.#settings.umask));
  }

  removeDirectory(path: Pathname, o: Operation): Promise<void> {
    return this.#at(path, "keep", o, (place) => removeDirectoryAt(place, this.#settings.parts));
  }

  async rename(from: Pathname, to: Pathname, o: Operation & { readonly replace: boolean }): Promise<void> {
    refuseHidden(to);
    await this.#at(from, "keep", o, (source) =>
      this.#at(to, "keep", o, async (target) => {
        await movePlace(source, target, o.replace);
        await this.#settings.parts.drop(target.directory, target.name);
      }),
    );
  }

  resolve(path: Pathname, o: Operation): Promise<Pathname> {
    return this.#at(path, "follow", o, (place) => place.pathname);
  }

  setTimes(
    path: Pathname,
    times: { readonly modified?: number; readonly created?: number; readonly accessed?: number },
    o: Operation,
  ): Promise<void> {
    return this.#at(path, "follow", o, (place) => setFileTimes(place, times));
  }

  /** Setuid, setgid and sticky are not set; see {@link setPermissions}. */
  setMode(path: Pathname, mode: number, o: Operation): Promise<void> {
    return this.#at(path, "follow", o, (place) => setPermissions(place, mode));
  }

  async makeLink(path: Pathname, target: string, o: Operation): Promise<void> {
    refuseHidden(path);
    return this.#at(path, "keep", o, (place) => {
      place.nameOfEntry();
      symlinkSync(nativePath(linkTarget(componentsOf(parentOf(place.pathname)), target)), place.path);
    });
  }

  availableSpace(path: Pathname, o: Operation): Promise<number> {
    return this.#at(path, "follow", o, (place) => {
      if (!place.existing().isDirectory()) throw new StorageError("not-directory");
      const { bavail, bsize } = place.reach((itself) => statfsSync(itself));
      return bavail * bsize;
    });
  }

  digest(
    path: Pathname,
    algorithm: DigestAlgorithm,
    o: Operation & { readonly start?: number; readonly end?: number },
  ): Promise<string> {
    return this.#at(path, "follow", o, (place) => {
      const file = openFile(this.#root, place, path, { ...o, start: o.start ?? 0 });
      return digestOf(file, algorithm, o.signal);
    });
  }

  /** Open handles stay good; the root goes with the last of them. */
  close(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#root.release();
  }

  /**
   * Runs `use` where the pathname leads; the only way in. What `use` keeps, it holds itself: the place goes when
   * it has settled.
   */
  async #at<T>(
    path: Pathname,
    links: "follow" | "keep",
    o: Operation,
    use: (place: Place) => T | Promise<T>,
  ): Promise<T> {
    this.#expectOpen(o);
    this.#root.retain();
    try {
      const place = walk(this.#root, path, links);
      try {
        return await use(place);
      } finally {
        place.release();
      }
    } catch (error) {
      throw storageError(error, path);
    } finally {
      this.#root.release();
    }
  }

  #expectOpen(o: Operation): void {
    if (this.#state === "closed") throw new StorageError("unavailable", "the storage was closed");
    if (o.signal.aborted) throw new StorageError("aborted");
  }

  #partial(path: Pathname, o: Operation): Promise<PartialUpload | undefined> {
    return this.#at(path, "follow", o, (place) => {
      const part = place.name === "" ? undefined : this.#settings.parts.find(place.directory, place.name);
      return part && { size: part.size, since: part.since };
    });
  }

  #entryAt(place: Place, path: Pathname): Entry {
    return entryOf(this.#root, nameOf(path), place.existing(), place.directory, place.name);
  }

  #request(place: Place, path: Pathname, o: Operation) {
    return { settings: this.#settings, root: this.#root, place, path, signal: o.signal };
  }
}

/** A new name may not be one of our hidden ones. In the walk they just do not exist. */
function refuseHidden(path: Pathname): void {
  if (isHidden(nameOf(path))) throw new StorageError("bad-name", "a name that is kept for parts of uploads");
}
