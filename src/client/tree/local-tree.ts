/** A folder of this machine. */

import { type Dirent, lstatSync, readdirSync, readlinkSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { AbortLike } from "../../connection/stop.js";
import { FtpAbortError, FtpLocalError } from "../errors.js";
import { MOST_LEVELS } from "../verbs/directories.js";
import { childOf, NOTHING, type PathFilter, type Tree, type TreeEntry } from "./tree.js";

/**
 * Milliseconds of one turn. Asking a thread for each file would take twenty times as long as the file system
 * itself; others have their turn in between.
 */
const SLICE = 5;

export interface LocalTreeOptions {
  readonly keep: PathFilter;
  /** Links count as what they lead to, but never round in a circle. */
  readonly follow: boolean;
  readonly signal: AbortLike | undefined;
}

/** @throws FtpLocalError when the folder itself cannot be read */
export async function localTree(root: string, o: LocalTreeOptions): Promise<Tree> {
  const found = new LocalTree(root, o);
  try {
    const { dev, ino } = statSync(root);
    await found.visit("", [`${dev} ${ino}`]);
  } catch (cause) {
    if (cause instanceof FtpAbortError) throw cause;
    if (isMissing(cause)) return NOTHING;
    throw new FtpLocalError("the local folder cannot be read", { phase: "command", cause });
  }
  return { exists: true, entries: found.entries, unread: found.unread, unusable: found.unusable };
}

class LocalTree {
  readonly entries = new Map<string, TreeEntry>();
  readonly unread = new Map<string, Error>();
  readonly unusable: string[] = [];
  readonly #root: string;
  readonly #o: LocalTreeOptions;
  #turnBegan = performance.now();

  constructor(root: string, o: LocalTreeOptions) {
    this.#root = root;
    this.#o = o;
  }

  async visit(path: string, above: readonly string[]): Promise<void> {
    for (const { name } of this.#names(path)) {
      await this.#turn();
      const child = childOf(path, name);
      const found = this.#look(child);
      if (found === undefined || !this.#o.keep(child, found.entry.type)) continue;
      const directory = found.entry.type === "directory";
      if (directory && above.includes(found.identity)) continue;
      this.entries.set(child, found.entry);
      if (directory && above.length <= MOST_LEVELS) await this.visit(child, [...above, found.identity]);
    }
  }

  #names(path: string): readonly Dirent[] {
    try {
      return readdirSync(join(this.#root, path), { withFileTypes: true });
    } catch (error) {
      // Gone meanwhile, or not ours to read: what the others hold is known all the same.
      if (path === "") throw error;
      this.unread.set(path, error as Error);
      return [];
    }
  }

  #look(path: string): { readonly entry: TreeEntry; readonly identity: string } | undefined {
    const here = join(this.#root, path);
    try {
      const found = this.#o.follow ? (statIfThere(here) ?? lstatSync(here)) : lstatSync(here);
      const type = typeOf(found);
      const target = type === "link" ? { target: readlinkSync(here) } : {};
      const entry = { type, size: found.size, modified: found.mtimeMs, grain: 1, ...target } as const;
      return { entry, identity: `${found.dev} ${found.ino}` };
    } catch (error) {
      if (!isMissing(error)) this.unread.set(path, error as Error);
      // A name whose bytes are no text cannot be asked for by text; others have gone meanwhile.
      else if (path.includes("\uFFFD")) this.unusable.push(path);
      return undefined;
    }
  }

  async #turn(): Promise<void> {
    if (performance.now() - this.#turnBegan < SLICE) return;
    await nextTurn();
    const { signal } = this.#o;
    if (signal?.aborted === true) throw new FtpAbortError("command", signal.reason);
    this.#turnBegan = performance.now();
  }
}

function statIfThere(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}

function typeOf(found: Stats): TreeEntry["type"] {
  if (found.isFile()) return "file";
  if (found.isDirectory()) return "directory";
  return found.isSymbolicLink() ? "link" : "other";
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}
