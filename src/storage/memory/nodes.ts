/** Files, directories and links of a tree in memory, and the walk from the root to one of them. */
import { type Pathname, ROOT } from "../../protocol/pathname.js";
import { decodeText, encodeText } from "../../protocol/text.js";
import { StorageError } from "../errors.js";
import type { Entry } from "../storage.js";
import type { Content } from "./content.js";

/** As in Linux's file systems, so that a tree in memory takes the same names as a disk. */
const MAX_NAME_BYTES = 255;

/** Links in one walk (DESIGN 6.2). */
const MAX_LINKS = 20;

interface Common {
  readonly id: number;
  created: number;
  modified: number;
  mode: number;
}

export interface FileNode extends Common {
  readonly kind: "file";
  content: Content;
  /** Who appends or resumes in place, alone. */
  writer: object | undefined;
}

export interface DirectoryNode extends Common {
  readonly kind: "directory";
  readonly children: Map<string, Node>;
  /** What accounts have under way or left broken here, by {@link uploadKey}. */
  readonly uploads: Map<string, Upload>;
  /** Uploads of new contents that are under way, those of no account too. */
  writers: number;
}

export interface LinkNode extends Common {
  readonly kind: "link";
  readonly target: string;
}

export type Node = FileNode | DirectoryNode | LinkNode;

/** An upload of one account to one name: its handle works on it, or it broke off and can be continued. */
export type Upload = { readonly state: "live" } | Part;

export interface Part {
  readonly state: "broken";
  readonly content: Content;
  readonly since: number;
}

export function uploadKey(account: string, name: string): string {
  return `${name}/${account}`;
}

/** Where a walk ended. The root has no `parent`; a name that may still be given has no `node`. */
export interface Place {
  readonly parent: DirectoryNode | undefined;
  readonly name: string;
  readonly node: Node | undefined;
  /** Without links. */
  readonly path: Pathname;
}

/**
 * Walks down from the root. Links on the way are followed, a link at the end unless told to keep it; `..` in
 * a link stops at the root, so that nothing leads out.
 * @throws StorageError "not-found", "not-directory", "bad-name", "too-many-links"
 */
export function walk(root: DirectoryNode, path: string, atEnd: "follow" | "keep"): Place {
  const stack = [{ name: "", directory: root }];
  const ahead = componentsAhead(path);
  let links = 0;
  for (let name = ahead.pop(); name !== undefined; name = ahead.pop()) {
    if (name === "..") {
      if (stack.length > 1) stack.pop();
      continue;
    }
    const parent = (stack[stack.length - 1] ?? { directory: root }).directory;
    const node = parent.children.get(name);
    const last = ahead.length === 0;
    if (node?.kind === "link" && !(last && atEnd === "keep")) {
      links += 1;
      if (links > MAX_LINKS) throw new StorageError("too-many-links", path);
      if (node.target.startsWith("/")) stack.length = 1;
      ahead.push(...componentsAhead(node.target));
    } else if (node?.kind === "directory") {
      stack.push({ name, directory: node });
    } else if (last) {
      if (node === undefined) checkName(name);
      return { parent, name, node, path: pathOf(stack, name) };
    } else {
      throw new StorageError(node === undefined ? "not-found" : "not-directory", path);
    }
  }
  const { name, directory } = stack.pop() ?? { name: "", directory: root };
  const parent = stack[stack.length - 1]?.directory;
  return { parent, name, node: directory, path: parent === undefined ? ROOT : pathOf(stack, name) };
}

/** The next component last, to be popped. */
function componentsAhead(path: string): string[] {
  return path
    .split("/")
    .filter((component) => component !== "" && component !== ".")
    .reverse();
}

function pathOf(stack: readonly { readonly name: string }[], name: string): Pathname {
  return `/${[...stack.slice(1).map((step) => step.name), name].join("/")}` as Pathname;
}

/** @throws StorageError "bad-name" for a name that no file system could hold as these bytes. */
export function checkName(name: string): void {
  const bytes = encodeText(name);
  const reachable = name.isWellFormed() || decodeText(bytes) === name;
  if (bytes.length > MAX_NAME_BYTES || !reachable)
    throw new StorageError("bad-name", `${bytes.length} bytes`);
}

export function entryOf(name: string, node: Node): Entry {
  const common = {
    name,
    modified: node.modified,
    created: node.created,
    mode: node.mode,
    unique: node.id.toString(36),
  };
  if (node.kind === "file") return { ...common, type: "file", size: node.content.size };
  if (node.kind === "directory") return { ...common, type: "directory", size: 0 };
  return { ...common, type: "link", size: encodeText(node.target).length, target: node.target };
}

export function present({ node, path }: Place): Node {
  if (node === undefined) throw new StorageError("not-found", path);
  return node;
}

export function presentFile(place: Place): FileNode {
  const node = present(place);
  if (node.kind === "directory") throw new StorageError("is-directory", place.path);
  if (node.kind === "link") throw new StorageError("not-regular", place.path);
  return node;
}

export function presentDirectory(place: Place): DirectoryNode {
  const node = present(place);
  if (node.kind !== "directory") throw new StorageError("not-directory", place.path);
  return node;
}

export function vacant({ name, node, parent, path }: Place): { parent: DirectoryNode; name: string } {
  if (node !== undefined || parent === undefined) throw new StorageError("exists", path);
  return { parent, name };
}
