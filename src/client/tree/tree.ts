/** What is in a folder, on this machine or on the server, all the way down. */
import { globMatcher } from "../../protocol/glob.js";

export interface TreeEntry {
  readonly type: "file" | "directory" | "link" | "other";
  readonly size: number | undefined;
  /** Milliseconds since the epoch. */
  readonly modified: number | undefined;
  /** Milliseconds that `modified` may be wrong by. */
  readonly grain: number;
  /** Of a link: where it leads, as it says. */
  readonly target?: string;
}

export interface Tree {
  /** Whether the folder itself is there. */
  readonly exists: boolean;
  /** By path from the folder, with slashes; directories before what they hold. */
  readonly entries: ReadonlyMap<string, TreeEntry>;
  /** Folders that could not be listed, and why: nobody knows what they hold. */
  readonly unread: ReadonlyMap<string, Error>;
  /** Names that cannot be files of this machine, or lead elsewhere, as the server told them. */
  readonly unusable: readonly string[];
}

export const NOTHING: Tree = { exists: false, entries: new Map(), unread: new Map(), unusable: [] };

/** Whether a path is looked at; those below a directory that is not are not either. */
export type PathFilter = (path: string, type: TreeEntry["type"]) => boolean;

/** Patterns match the last component, or the whole path from the folder; `*` matches slashes too. */
export function pathFilter(
  include: readonly string[] | undefined,
  exclude: readonly string[] | undefined,
): PathFilter {
  const matcher = (patterns: readonly string[]) => {
    const tests = patterns.map(globMatcher);
    return (path: string) => tests.some((test) => test(path) || test(path.slice(path.lastIndexOf("/") + 1)));
  };
  const excluded = matcher(exclude ?? []);
  const included = include === undefined ? () => true : matcher(include);
  // A directory may hold what is included.
  return (path, type) => !excluded(path) && (type === "directory" || included(path));
}

export function childOf(path: string, name: string): string {
  return path === "" ? name : `${path}/${name}`;
}

/** Those above a path, the nearest first, without the folder itself. */
export function* ancestorsOf(path: string): Generator<string> {
  for (let slash = path.lastIndexOf("/"); slash > 0; slash = path.lastIndexOf("/", slash - 1)) {
    yield path.slice(0, slash);
  }
}

/**
 * Where a link leads, from the folder, as far as the text tells: without `..` except in front. Undefined when it
 * leads out of the folder, or nobody can say. `root`: the folder's own absolute path, where it is known.
 */
export function linkedPath(link: string, target: string | undefined, root?: string): string | undefined {
  if (target === undefined || target === "" || target.includes("\0")) return undefined;
  const inside = target.startsWith("/") ? belowRoot(target, root) : target;
  if (inside === undefined) return undefined;
  const found = target.startsWith("/") ? [] : link.split("/").slice(0, -1);
  for (const part of inside.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") found.push(part);
    else if (found.pop() === undefined) return undefined;
  }
  return found.join("/");
}

function belowRoot(target: string, root: string | undefined): string | undefined {
  if (root === undefined || !root.startsWith("/")) return undefined;
  const prefix = root.replace(/\/*$/, "/");
  return `${target}/`.startsWith(prefix) ? target.slice(prefix.length) : undefined;
}
