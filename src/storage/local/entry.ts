/** What `stat` and `list` tell, from what the disk says. */
import type { Stats } from "node:fs";
import { type Pathname, relativeTo } from "../../protocol/pathname.js";
import type { Entry, EntryType } from "../storage.js";
import type { Directory } from "./directory.js";
import { identityOf } from "./lease.js";
import type { Root } from "./root.js";
import { isAbsolute, linkText } from "./walk.js";

/** `shown` is the name that was asked for, `name` the one in `directory`: they differ where a link led to it. */
export function entryOf(root: Root, shown: string, stats: Stats, directory: Directory, name: string): Entry {
  const { users, groups } = root.owners;
  const entry: { -readonly [Member in keyof Entry]: Entry[Member] } = {
    name: shown,
    type: typeOf(stats),
    size: stats.size,
    modified: Math.floor(stats.mtimeMs),
    mode: stats.mode & 0o7777,
    links: stats.nlink,
    owner: users.get(stats.uid) ?? stats.uid,
    group: groups.get(stats.gid) ?? stats.gid,
    unique: identityOf(stats, directory, name),
  };
  // 0 where the file system does not keep it.
  if (stats.birthtimeMs > 0) entry.created = Math.floor(stats.birthtimeMs);
  return entry;
}

/** The entry of a link says where it leads; undefined when it is a link no longer. */
export function linkEntry(root: Root, directory: Directory, name: string, stats: Stats): Entry | undefined {
  let target: string;
  try {
    target = linkText(directory, name);
  } catch {
    return undefined;
  }
  return { ...entryOf(root, name, stats, directory, name), target: asSeenInside(root, target) };
}

function typeOf(stats: Stats): EntryType {
  if (stats.isFile()) return "file";
  if (stats.isDirectory()) return "directory";
  return stats.isSymbolicLink() ? "link" : "other";
}

/** An absolute target inside the root, with the root as `/`; others as they are. */
function asSeenInside(root: Root, target: string): string {
  if (!isAbsolute(target)) return target;
  for (const prefix of root.prefixes) {
    const top = `/${prefix.join("/")}` as Pathname;
    const inside = relativeTo(top, target as Pathname);
    if (inside !== undefined) return inside;
  }
  return target;
}
