/** What is in a folder, on this machine or on the server, all the way down. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { globMatcher } from "../../protocol/glob.js";
import type { FtpDigestAlgorithm } from "../verbs/digest.js";
import { MOST_LEVELS } from "../verbs/directories.js";
import { remoteJoin } from "../verbs/names.js";
import type { FtpPool } from "./pool.js";

export interface TreeEntry {
  readonly type: "file" | "directory" | "link" | "other";
  readonly size: number | undefined;
  /** Milliseconds since the epoch. */
  readonly modified: number | undefined;
  /** Milliseconds that `modified` may be wrong by. */
  readonly grain: number;
}

/** By path from the folder, with slashes. */
export type Tree = Map<string, TreeEntry>;

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

/** Links are shown as such, and not followed. */
export async function remoteTree(
  pool: FtpPool,
  root: string,
  keep: PathFilter,
  signal: AbortSignal | undefined,
): Promise<Tree> {
  const tree: Tree = new Map();
  const visit = async (path: string, level: number): Promise<void> => {
    const below = await pool.run(
      async (client) => {
        const directories: string[] = [];
        const directory = path === "" ? root : remoteJoin(root, path);
        const o = { hidden: true, ...(signal === undefined ? {} : { signal }) };
        for await (const { name, type, size, modified, precision } of client.list(directory, o)) {
          const child = path === "" ? name : `${path}/${name}`;
          if (!keep(child, type)) continue;
          tree.set(child, { type, size, modified, grain: GRAINS[precision ?? "second"] });
          if (type === "directory") directories.push(child);
        }
        return directories;
      },
      { signal },
    );
    if (level < MOST_LEVELS) await Promise.all(below.map((child) => visit(child, level + 1)));
  };
  await visit("", 0);
  return tree;
}

const GRAINS = { second: 1000, minute: 60_000, day: 86_400_000 } as const;

/** `follow`: links count as what they lead to, but never round in a circle. A folder that is not there is empty. */
export async function localTree(root: string, keep: PathFilter, follow: boolean): Promise<Tree> {
  const tree: Tree = new Map();
  const visit = async (path: string, above: readonly string[]): Promise<void> => {
    for (const name of await namesIn(join(root, path), above.length)) {
      const child = path === "" ? name : `${path}/${name}`;
      const found = await statOf(join(root, child), follow);
      if (found === undefined || !keep(child, found.entry.type)) continue;
      if (above.includes(found.identity)) continue;
      tree.set(child, found.entry);
      const deeper = found.entry.type === "directory" && above.length < MOST_LEVELS;
      if (deeper) await visit(child, [...above, found.identity]);
    }
  };
  await visit("", []);
  return tree;
}

async function namesIn(path: string, level: number): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (level === 0 && (error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

async function statOf(
  path: string,
  follow: boolean,
): Promise<{ readonly entry: TreeEntry; readonly identity: string } | undefined> {
  try {
    const found = follow ? await stat(path) : await lstat(path);
    const type = found.isFile()
      ? "file"
      : found.isDirectory()
        ? "directory"
        : found.isSymbolicLink()
          ? "link"
          : "other";
    const entry = { type, size: found.size, modified: found.mtimeMs, grain: 1 } as const;
    return { entry, identity: `${found.dev} ${found.ino}` };
  } catch (error) {
    // Gone meanwhile, or a link that leads nowhere.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Algorithms that this machine computes too. */
export const LOCAL_DIGESTS: readonly FtpDigestAlgorithm[] = ["sha512", "sha256", "sha1", "md5"];

/** Lower case hexadecimal. */
export async function localDigest(path: string, algorithm: FtpDigestAlgorithm): Promise<string> {
  const hash = createHash(algorithm);
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}
