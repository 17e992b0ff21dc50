/** The state of a tree in memory, shared by the views of any number of logins. */
import { Buffer } from "node:buffer";
import { childOf, ROOT } from "../../protocol/pathname.js";
import { Content, Space } from "./content.js";
import {
  checkName,
  type DirectoryNode,
  type FileNode,
  type LinkNode,
  type Node,
  type Part,
} from "./nodes.js";

/** Broken uploads are kept for a day (DESIGN 6.1). */
const PART_LIFETIME = 24 * 60 * 60 * 1000;

/** A directory by its entries: texts and bytes are files, objects are directories. */
export interface InitialTree {
  readonly [name: string]: string | Uint8Array | InitialTree;
}

export interface MemoryTreeOptions {
  /** What is there at first. */
  readonly initial?: InitialTree;
  /** Bytes of all files and parts together, holes not counted; more is "no-space". 1 GiB when absent. */
  readonly capacity?: number;
  /** Files, directories, links and parts together; more is "no-space". A million when absent. */
  readonly entries?: number;
  /** Milliseconds since the epoch; `Date.now` when absent. */
  readonly now?: () => number;
}

/** What is there, and what may still be added; the views in `memory.ts` work on it. */
export class TreeState {
  readonly root: DirectoryNode;
  readonly space: Space;
  readonly now: () => number;
  /** Oldest first. */
  readonly #parts = new Map<Part, { readonly directory: DirectoryNode; readonly key: string }>();
  #lastId = 0;

  constructor(o: MemoryTreeOptions = {}) {
    this.space = new Space(o.capacity ?? 1024 ** 3, o.entries ?? 1_000_000);
    this.now = o.now ?? Date.now;
    this.root = this.#directory();
    if (o.initial !== undefined) this.#fill(this.root, o.initial);
  }

  /** @throws StorageError "no-space", when there are too many entries. */
  newFile(content: Content): FileNode {
    this.space.takeEntry();
    return { kind: "file", ...this.#common(0o644), content, writer: undefined };
  }

  newDirectory(): DirectoryNode {
    this.space.takeEntry();
    return this.#directory();
  }

  newLink(target: string): LinkNode {
    this.space.takeEntry();
    return { kind: "link", ...this.#common(0o777), target };
  }

  newContent(): Content {
    return new Content(this.space);
  }

  put(directory: DirectoryNode, name: string, node: Node): void {
    directory.children.set(name, node);
    directory.modified = this.now();
  }

  /** Takes a name away; the node lives on when it was given another one before. */
  take(directory: DirectoryNode, name: string): void {
    directory.children.delete(name);
    directory.modified = this.now();
  }

  /** After the last name of a node was taken away. Who still reads or writes a file keeps its content. */
  drop(node: Node): void {
    if (node.kind === "file") node.content.release();
    this.space.giveEntry();
  }

  /** Keeps a content that broke off. False when no entry is left for it. */
  keepPart(directory: DirectoryNode, key: string, content: Content): boolean {
    this.#expireParts();
    try {
      this.space.takeEntry();
    } catch {
      return false;
    }
    const part: Part = { state: "broken", content, since: this.now() };
    directory.uploads.set(key, part);
    this.#parts.set(part, { directory, key });
    return true;
  }

  part(directory: DirectoryNode, key: string): Part | undefined {
    this.#expireParts();
    const found = directory.uploads.get(key);
    return found?.state === "broken" ? found : undefined;
  }

  /** The caller takes over the part's reference to its content. */
  takePart(part: Part): Content {
    const where = this.#parts.get(part);
    where?.directory.uploads.delete(where.key);
    this.#parts.delete(part);
    this.space.giveEntry();
    return part.content;
  }

  #expireParts(): void {
    const oldest = this.now() - PART_LIFETIME;
    for (const part of this.#parts.keys()) {
      if (part.since > oldest) return;
      this.takePart(part).release();
    }
  }

  #directory(): DirectoryNode {
    return { kind: "directory", ...this.#common(0o755), children: new Map(), uploads: new Map(), writers: 0 };
  }

  #common(mode: number): { id: number; created: number; modified: number; mode: number } {
    this.#lastId += 1;
    const now = this.now();
    return { id: this.#lastId, created: now, modified: now, mode };
  }

  #fill(directory: DirectoryNode, initial: InitialTree): void {
    for (const [name, value] of Object.entries(initial)) {
      childOf(ROOT, name);
      checkName(name);
      if (typeof value === "string" || value instanceof Uint8Array) {
        const content = this.newContent();
        content.write(0, typeof value === "string" ? Buffer.from(value) : value);
        directory.children.set(name, this.newFile(content));
      } else {
        const child = this.newDirectory();
        directory.children.set(name, child);
        this.#fill(child, value);
      }
    }
  }
}
