/** From a pathname to a place on disk, by links that stay inside the root only (DESIGN 6.2). */
import { readlinkSync, type Stats } from "node:fs";
import { platform } from "node:os";
import { componentsOf, type Pathname } from "../../protocol/pathname.js";
import { StorageError } from "../errors.js";
import { type Directory, entryStats, pathIn } from "./directory.js";
import { isForeignName, isHidden, textOfLatin1 } from "./names.js";
import { Place } from "./place.js";

/** As many as Linux itself once followed; each costs a few system calls that a client asks for. */
export const MOST_LINKS = 20;
/** Directories open at once while walking. */
export const MOST_LEVELS = 256;
/** Components in all, those of links included: 20 links of 2,000 components would stop the loop for 0.2 s. */
const MOST_STEPS = 4096;

/** Where the root is in the whole file system, for links that say so. */
export interface RootLocation {
  readonly directory: Directory;
  /** Components of the real path, and of the path that was configured when that goes through links. */
  readonly prefixes: readonly (readonly string[])[];
}

/**
 * Goes to `path`, following links in all components but the last; in that too when `links` is "follow". The
 * place may be that of a new name. The caller releases it.
 * @throws StorageError, or the system's own errors.
 */
export function walk(root: RootLocation, path: Pathname, links: "follow" | "keep"): Place {
  const route = new Route(root, path);
  try {
    for (let name = route.next(); name !== undefined; name = route.next()) {
      if (route.pending.length > 0) route.enter(name);
      else {
        const stats = entryStats(route.directory, name);
        if (links === "keep" || stats === undefined || !stats.isSymbolicLink())
          return route.arrive(name, stats);
        route.follow(name);
        route.linked = true;
      }
    }
    return route.arrive("", undefined);
  } finally {
    route.leave();
  }
}

class Route {
  /** Components to come, the next one last. */
  readonly pending: string[];
  /** Whether the last component of the pathname was a link, and was followed. */
  linked = false;
  readonly #root: RootLocation;
  /** Below the root: a directory and the name that led to it. */
  readonly #levels: { readonly directory: Directory; readonly name: string }[] = [];
  /** Components above the root, while a link leads out and perhaps back in: `../ftp/file`, `/srv/ftp/file`. */
  #above = 0;
  #prefix: readonly string[];
  #links = 0;
  #steps = 0;

  constructor(root: RootLocation, path: Pathname) {
    this.#root = root;
    this.#prefix = root.prefixes[0] ?? [];
    this.pending = componentsOf(path).reverse();
  }

  get directory(): Directory {
    return this.#levels.at(-1)?.directory ?? this.#root.directory;
  }

  /** The next component inside the root; steps upward and outside are taken on the way. */
  next(): string | undefined {
    for (let name = this.pending.pop(); name !== undefined; name = this.pending.pop()) {
      if (++this.#steps > MOST_STEPS) throw new StorageError("too-many-links");
      if (name === "" || name === ".") continue;
      if (name === "..") this.#climb();
      else if (this.#above > 0) this.#comeBack(name);
      else if (isHidden(name)) throw new StorageError("not-found", "the name of a part");
      else if (isForeignName(name)) throw new StorageError("bad-name");
      else return name;
    }
    if (this.#above > 0) throw outside();
    return undefined;
  }

  enter(name: string): void {
    if (this.#levels.length >= MOST_LEVELS) throw new StorageError("bad-name", "too many levels");
    const directory = this.directory.enter(name);
    if (directory === undefined) this.follow(name);
    else this.#levels.push({ directory, name });
  }

  follow(name: string): void {
    if (++this.#links > MOST_LINKS) throw new StorageError("too-many-links");
    const target = linkText(this.directory, name);
    const components = target.split("/");
    if (isAbsolute(target)) {
      this.leave();
      this.#prefix = this.#prefixOf(components);
      this.#above = this.#prefix.length;
    }
    for (let at = components.length - 1; at >= 0; at--) this.pending.push(components[at] as string);
  }

  /** The place takes the directory over. */
  arrive(name: string, stats: Stats | undefined): Place {
    const names = this.#levels.map((level) => level.name);
    if (name !== "") names.push(name);
    this.directory.confirm();
    const pathname = `/${names.join("/")}` as Pathname;
    const own = name === "" ? this.directory.stats() : stats;
    const below = this.#levels.pop()?.directory;
    return new Place(below ?? this.#root.directory, below !== undefined, name, pathname, own, this.linked);
  }

  /** Gives back every directory on the way. */
  leave(): void {
    for (let level = this.#levels.pop(); level !== undefined; level = this.#levels.pop())
      level.directory.close();
  }

  #climb(): void {
    const level = this.#levels.pop();
    if (level !== undefined) level.directory.close();
    else if (this.#above < this.#prefix.length) this.#above++;
  }

  #comeBack(name: string): void {
    if (name !== this.#prefix[this.#prefix.length - this.#above]) throw outside();
    this.#above--;
  }

  #prefixOf(components: readonly string[]): readonly string[] {
    const named = components.filter((component) => component !== "");
    const { prefixes } = this.#root;
    return prefixes.find((prefix) => prefix.every((name, at) => name === named[at])) ?? this.#prefix;
  }
}

/** What a link says, with `/` between components. */
export function linkText(directory: Directory, name: string): string {
  const text = textOfLatin1(readlinkSync(pathIn(directory, name), "latin1"));
  return platform() === "win32" ? text.replaceAll("\\", "/").replace(/^\/\/\?\//, "") : text;
}

/** `/…`, and `C:/…` on Windows. */
export function isAbsolute(target: string): boolean {
  return target.startsWith("/") || (platform() === "win32" && /^[a-z]:\//i.test(target));
}

function outside(): StorageError {
  return new StorageError("denied", "a link leads out of the root");
}
