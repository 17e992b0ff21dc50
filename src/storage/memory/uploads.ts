/** Write handles of the memory storage: new contents, which show when committed, and writing in place. */
import { StorageError } from "../errors.js";
import type { Entry, UniqueWriteHandle, WriteHandle } from "../storage.js";
import type { Content } from "./content.js";
import { type DirectoryNode, entryOf, type FileNode, type Upload, uploadKey } from "./nodes.js";
import type { TreeState } from "./tree.js";

/** A part ends at a multiple of this, strictly below what arrived, so that it never looks whole (DESIGN 6.1). */
const PART_UNIT = 64 * 1024;

/** Where a new content is to appear. */
export interface Destination {
  readonly directory: DirectoryNode;
  readonly name: string;
  /** Whose part it may continue and leave; none for anonymous logins and for unique names. */
  readonly account: string | undefined;
  readonly existing: "replace" | "refuse";
}

/** A content that nobody sees until it is committed; it may continue a part. */
export class NewContent implements UniqueWriteHandle {
  readonly entryName: string;
  readonly start: number;
  readonly #tree: TreeState;
  readonly #to: Destination;
  readonly #content: Content;
  /** What the directory knows of this upload; another one there means that a later upload took over. */
  readonly #self: Upload = { state: "live" };
  #position: number;
  #checkpoint: number;
  #state: "open" | "ended" = "open";

  constructor(tree: TreeState, to: Destination, content: Content) {
    this.#tree = tree;
    this.#to = to;
    this.#content = content;
    this.entryName = to.name;
    this.start = content.size;
    this.#position = content.size;
    this.#checkpoint = content.size;
    to.directory.writers += 1;
    if (to.account !== undefined) to.directory.uploads.set(uploadKey(to.account, to.name), this.#self);
  }

  write(chunk: Uint8Array): void {
    checkOpen(this.#state);
    this.#content.write(this.#position, chunk);
    this.#position += chunk.length;
  }

  skip(bytes: number): void {
    checkOpen(this.#state);
    this.#content.resize(this.#position + bytes);
    this.#position += bytes;
  }

  async checkpoint(): Promise<number> {
    checkOpen(this.#state);
    if (this.#to.account === undefined) return 0;
    this.#checkpoint = this.#position;
    return this.#checkpoint;
  }

  async commit({ modified }: { readonly modified?: number } = {}): Promise<Entry> {
    checkOpen(this.#state);
    const { directory, name } = this.#to;
    const found = directory.children.get(name);
    if (found !== undefined && this.#to.existing === "refuse") throw new StorageError("exists", name);
    if (found?.kind === "directory") throw new StorageError("is-directory", name);
    const node = found?.kind === "file" ? this.#replace(found) : this.#create();
    node.modified = modified ?? this.#tree.now();
    this.#end();
    return entryOf(name, node);
  }

  async abandon(): Promise<{ readonly kept: number }> {
    if (this.#state === "ended") return { kept: 0 };
    const { account, directory, name } = this.#to;
    const current = this.#end();
    const belowLast = Math.max(0, Math.ceil(this.#position / PART_UNIT) - 1) * PART_UNIT;
    // A marker that was sent is a promise, and a part that was continued does not shrink with every failure.
    const kept = Math.max(belowLast, this.#checkpoint);
    // An empty part beside a visible file keeps SIZE from telling of that file: a client that resumes by it would
    // join its old head to the new tail.
    const wanted = kept > 0 || directory.children.has(name);
    if (account !== undefined && current && wanted) {
      this.#content.resize(kept);
      if (this.#tree.keepPart(directory, uploadKey(account, name), this.#content)) return { kept };
    }
    this.#content.release();
    return { kept: 0 };
  }

  /** Readers of the old content keep it; mode and creation time stay, as when a file is written over. */
  #replace(node: FileNode): FileNode {
    if (node.writer !== undefined) throw new StorageError("busy", this.#to.name);
    node.content.release();
    node.content = this.#content;
    return node;
  }

  #create(): FileNode {
    const { directory, name } = this.#to;
    const node = this.#tree.newFile(this.#content);
    const link = directory.children.get(name);
    if (link !== undefined) this.#tree.drop(link);
    this.#tree.put(directory, name, node);
    return node;
  }

  /** Whether this was still the account's latest upload to that name. */
  #end(): boolean {
    const { account, directory, name } = this.#to;
    this.#state = "ended";
    directory.writers -= 1;
    if (account === undefined) return false;
    const key = uploadKey(account, name);
    const current = directory.uploads.get(key) === this.#self;
    if (current) directory.uploads.delete(key);
    return current;
  }
}

/** Appends to a visible file, or resumes it; what arrived stays, however it ends. */
export class InPlace implements WriteHandle {
  readonly start: number;
  readonly #tree: TreeState;
  readonly #name: string;
  readonly #node: FileNode;
  readonly #content: Content;
  #position: number;
  #state: "open" | "ended" = "open";

  /** @throws StorageError "busy", "bad-offset" */
  constructor(tree: TreeState, name: string, node: FileNode, start: number = node.content.size) {
    if (node.writer !== undefined) throw new StorageError("busy", name);
    if (start > node.content.size) throw new StorageError("bad-offset", `${start} > ${node.content.size}`);
    this.#tree = tree;
    this.#name = name;
    this.#node = node;
    this.#content = node.content.retain();
    this.start = start;
    this.#position = start;
    node.writer = this;
  }

  write(chunk: Uint8Array): void {
    checkOpen(this.#state);
    this.#content.write(this.#position, chunk);
    this.#position += chunk.length;
  }

  skip(bytes: number): void {
    checkOpen(this.#state);
    this.#content.resize(Math.max(this.#content.size, this.#position + bytes));
    this.#position += bytes;
  }

  async checkpoint(): Promise<number> {
    checkOpen(this.#state);
    return this.#position;
  }

  /** The file ends where writing ended: a longer rest would be of another upload. */
  async commit({ modified }: { readonly modified?: number } = {}): Promise<Entry> {
    checkOpen(this.#state);
    this.#content.truncate(this.#position);
    this.#end(modified ?? this.#tree.now());
    return entryOf(this.#name, this.#node);
  }

  async abandon(): Promise<{ readonly kept: number }> {
    if (this.#state === "open") this.#end(this.#tree.now());
    return { kept: this.#position };
  }

  #end(modified: number): void {
    this.#state = "ended";
    this.#node.writer = undefined;
    this.#node.modified = modified;
    this.#content.release();
  }
}

function checkOpen(state: "open" | "ended"): void {
  if (state === "ended") throw new StorageError("failed", "the handle was committed or abandoned before");
}
