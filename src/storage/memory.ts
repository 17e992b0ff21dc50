/**
 * Storage in memory, for tests and for embedding: everything that {@link Storage} offers, synchronous reads,
 * bounded by a capacity. Uploads are atomic and leave parts, as those of the local storage (DESIGN 6.1).
 */
import { randomBytes } from "node:crypto";
import { isWithin, nameOf, type Pathname } from "../protocol/pathname.js";
import { encodeText } from "../protocol/text.js";
import { StorageError } from "./errors.js";
import { digestContent } from "./memory/digest.js";
import {
  checkName,
  type DirectoryNode,
  entryOf,
  type Node,
  type Place,
  present,
  presentDirectory,
  presentFile,
  uploadKey,
  vacant,
  walk,
} from "./memory/nodes.js";
import { type MemoryTreeOptions, TreeState } from "./memory/tree.js";
import { InPlace, NewContent } from "./memory/uploads.js";
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
} from "./storage.js";

export type { InitialTree, MemoryTreeOptions } from "./memory/tree.js";

const LIST_BATCH = 256;
const MAX_LINK_TARGET = 4096;

/** One tree for many logins. */
export class MemoryTree extends TreeState {
  /** A view for one account; without a name for anonymous logins, which keep no parts of broken uploads. */
  storageFor(account?: string): MemoryStorage {
    return new MemoryStorage({ tree: this, account });
  }
}

export interface MemoryStorageOptions extends MemoryTreeOptions {
  /** The tree that it shows; a new one, made with the other options, when absent. */
  readonly tree?: MemoryTree;
  /** Whose parts of broken uploads it keeps and continues; nobody's when absent. */
  readonly account?: string | undefined;
}

export class MemoryStorage implements Storage {
  readonly settableTimes = ["modified", "created"] as const;
  readonly #tree: TreeState;
  readonly #account: string | undefined;

  constructor(o: MemoryStorageOptions = {}) {
    this.#tree = o.tree ?? new TreeState(o);
    this.#account = o.account;
  }

  async stat(path: Pathname, o: Operation): Promise<Entry> {
    return entryOf(nameOf(path), present(this.#walk(path, o)));
  }

  async statLink(path: Pathname, o: Operation): Promise<Entry> {
    return entryOf(nameOf(path), present(this.#walk(path, o, "keep")));
  }

  async *list(path: Pathname, o: Operation): AsyncIterable<readonly Entry[]> {
    const directory = presentDirectory(this.#walk(path, o));
    let batch: Entry[] = [];
    for (const [name, node] of directory.children) {
      batch.push(entryOf(name, node));
      if (batch.length < LIST_BATCH) continue;
      yield batch;
      checkSignal(o);
      batch = [];
    }
    if (batch.length > 0) yield batch;
  }

  async openRead(path: Pathname, o: ReadOptions): Promise<ReadHandle> {
    const { content } = presentFile(this.#walk(path, o));
    if (o.start > content.size) throw new StorageError("bad-offset", `${o.start} > ${content.size}`);
    content.retain();
    // Not beyond what is there now, so that `size` stays true while somebody appends.
    const end = Math.max(o.start, Math.min(content.size, o.end ?? content.size));
    let position = o.start;
    let release = () => content.release();
    return {
      size: end - o.start,
      read(into) {
        const length = content.read(position, into, end);
        position += length;
        return length;
      },
      close() {
        release();
        release = () => {};
      },
    };
  }

  async openWrite(path: Pathname, o: Operation & WriteIntent): Promise<WriteHandle> {
    // A link that leads nowhere is something that is there; the other intents write where it leads.
    const place = this.#walk(path, o, o.intent === "create" ? "keep" : "follow");
    const { name, node, parent } = place;
    if (parent === undefined || node?.kind === "directory") throw new StorageError("is-directory", path);
    if (o.intent === "append" || o.intent === "resume") {
      return this.#continue(path, parent, name, node, o.intent === "resume" ? o.start : undefined);
    }
    if (node !== undefined && o.intent === "create") throw new StorageError("exists", path);
    if (node?.kind === "file" && node.writer !== undefined) throw new StorageError("busy", path);
    this.#dropPart(parent, name);
    return this.#newContent(parent, name, o.intent === "create" ? "refuse" : "replace");
  }

  async remove(path: Pathname, o: Operation): Promise<void> {
    const { name, node, parent } = this.#walk(path, o, "keep");
    if (parent === undefined || node?.kind === "directory") throw new StorageError("is-directory", path);
    const partDropped = this.#dropPart(parent, name);
    if (node === undefined) {
      if (partDropped) return;
      throw new StorageError("not-found", path);
    }
    this.#tree.take(parent, name);
    this.#tree.drop(node);
  }

  async makeDirectory(path: Pathname, o: Operation): Promise<void> {
    const { name, parent } = vacant(this.#walk(path, o, "keep"));
    this.#tree.put(parent, name, this.#tree.newDirectory());
  }

  async removeDirectory(path: Pathname, o: Operation): Promise<void> {
    const place = this.#walk(path, o, "keep");
    const node = present(place);
    if (node.kind !== "directory") throw new StorageError("not-directory", path);
    if (place.parent === undefined) throw new StorageError("denied", "the root cannot be removed");
    this.#vacate(node, path);
    this.#tree.take(place.parent, place.name);
    this.#tree.drop(node);
  }

  async rename(from: Pathname, to: Pathname, o: Operation & { readonly replace: boolean }): Promise<void> {
    const source = this.#walk(from, o, "keep");
    const node = present(source);
    const target = this.#walk(to, o, "keep");
    if (source.parent === undefined || target.parent === undefined) {
      throw new StorageError(target.parent === undefined ? "exists" : "denied", "the root cannot be renamed");
    }
    if (target.node !== undefined && !o.replace) throw new StorageError("exists", to);
    if (target.node === node) return;
    if (node.kind === "directory" && isWithin(source.path, target.path)) {
      throw new StorageError("bad-name", "a directory cannot become a part of itself");
    }
    if (target.node !== undefined) this.#makeWay(node, target.node, to);
    this.#dropPart(source.parent, source.name);
    this.#dropPart(target.parent, target.name);
    this.#tree.take(source.parent, source.name);
    this.#tree.put(target.parent, target.name, node);
  }

  async partial(path: Pathname, o: Operation): Promise<PartialUpload | undefined> {
    const { name, parent } = this.#walk(path, o);
    const part = parent === undefined ? undefined : this.#part(parent, name);
    return part && { size: part.content.size, since: part.since };
  }

  async openUnique(
    directory: Pathname,
    o: Operation & { readonly hint?: string },
  ): Promise<UniqueWriteHandle> {
    const parent = presentDirectory(this.#walk(directory, o));
    const name = `${hintedName(o.hint)}.${randomBytes(6).toString("hex")}`;
    const to = { directory: parent, name, account: undefined, existing: "refuse" } as const;
    return new NewContent(this.#tree, to, this.#tree.newContent());
  }

  async resolve(path: Pathname, o: Operation): Promise<Pathname> {
    return this.#walk(path, o).path;
  }

  async setTimes(
    path: Pathname,
    times: { readonly modified?: number; readonly created?: number },
    o: Operation,
  ): Promise<void> {
    const node = present(this.#walk(path, o));
    node.modified = times.modified ?? node.modified;
    node.created = times.created ?? node.created;
  }

  async setMode(path: Pathname, mode: number, o: Operation): Promise<void> {
    present(this.#walk(path, o)).mode = mode & 0o7777;
  }

  async makeLink(path: Pathname, target: string, o: Operation): Promise<void> {
    const { name, parent } = vacant(this.#walk(path, o, "keep"));
    if (target === "" || target.includes("\0") || encodeText(target).length > MAX_LINK_TARGET) {
      throw new StorageError("bad-name", "not a target of a link");
    }
    this.#tree.put(parent, name, this.#tree.newLink(target));
  }

  /** Of the whole tree, whichever directory is asked for. */
  async availableSpace(path: Pathname, o: Operation): Promise<number> {
    presentDirectory(this.#walk(path, o));
    return this.#tree.space.available;
  }

  async digest(
    path: Pathname,
    algorithm: DigestAlgorithm,
    o: Operation & { readonly start?: number; readonly end?: number },
  ): Promise<string> {
    const start = o.start ?? 0;
    const { content } = presentFile(this.#walk(path, o));
    if (start > content.size) throw new StorageError("bad-offset", `${start} > ${content.size}`);
    return digestContent(content, algorithm, { start, end: o.end ?? content.size, signal: o.signal });
  }

  #walk(path: Pathname, o: Operation, atEnd: "follow" | "keep" = "follow"): Place {
    checkSignal(o);
    return walk(this.#tree.root, path, atEnd);
  }

  /** Append without a `start`, else resume: the part, when there is one, goes before the file. */
  #continue(
    path: Pathname,
    directory: DirectoryNode,
    name: string,
    node: Node | undefined,
    start: number | undefined,
  ): WriteHandle {
    const found = this.#part(directory, name);
    const empty = start === undefined && found?.content.size === 0;
    if (empty) this.#dropPart(directory, name);
    const part = empty ? undefined : found;
    if (part !== undefined) {
      if (start !== undefined && start > part.content.size) throw new StorageError("bad-offset", path);
      const content = this.#tree.takePart(part);
      content.resize(start ?? content.size);
      return this.#newContent(directory, name, "replace", content);
    }
    if (this.#account !== undefined && directory.uploads.has(uploadKey(this.#account, name))) {
      throw new StorageError("busy", path);
    }
    if (node?.kind === "file") return new InPlace(this.#tree, name, node, start);
    if (start !== undefined) throw new StorageError("not-found", path);
    return this.#newContent(directory, name, "replace");
  }

  #newContent(
    directory: DirectoryNode,
    name: string,
    existing: "replace" | "refuse",
    content = this.#tree.newContent(),
  ): NewContent {
    return new NewContent(this.#tree, { directory, name, account: this.#account, existing }, content);
  }

  #part(directory: DirectoryNode, name: string) {
    return this.#account === undefined
      ? undefined
      : this.#tree.part(directory, uploadKey(this.#account, name));
  }

  #dropPart(directory: DirectoryNode, name: string): boolean {
    const part = this.#part(directory, name);
    if (part !== undefined) this.#tree.takePart(part).release();
    return part !== undefined;
  }

  /** Sweeps this account's parts out of a directory that goes away; nothing else may be there. */
  #vacate(directory: DirectoryNode, path: Pathname): void {
    const foreign = [...directory.uploads.keys()].some((key) => !this.#owns(key));
    if (directory.children.size > 0 || foreign) throw new StorageError("not-empty", path);
    if (directory.writers > 0) throw new StorageError("busy", path);
    for (const upload of directory.uploads.values()) {
      if (upload.state === "broken") this.#tree.takePart(upload).release();
    }
  }

  #owns(key: string): boolean {
    return this.#account !== undefined && key === uploadKey(this.#account, key.slice(0, key.indexOf("/")));
  }

  /** As rename(2): a file or link takes the place of such, a directory that of an empty one. */
  #makeWay(moved: Node, target: Node, path: Pathname): void {
    if (target.kind === "directory") {
      if (moved.kind !== "directory") throw new StorageError("is-directory", path);
      this.#vacate(target, path);
    } else if (moved.kind === "directory") {
      throw new StorageError("not-directory", path);
    }
    this.#tree.drop(target);
  }
}

function checkSignal({ signal }: Operation): void {
  if (signal.aborted) throw new StorageError("aborted", "aborted", { cause: signal.reason });
}

/** A client's wish for the name of a unique file, as far as it can be one with a suffix. */
function hintedName(hint: string | undefined): string {
  const name = hint ?? "";
  if (name === "" || name === "." || name === ".." || /[/\0\r\n]/.test(name)) return "ferry";
  try {
    checkName(`${name}.123456789012`);
    return name;
  } catch {
    return "ferry";
  }
}
