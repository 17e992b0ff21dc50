/** Whether what is here and what is on the server are the same: one file, or all of a folder. */

import { statSync } from "node:fs";
import { join } from "node:path";
import type { AbortLike } from "../../connection/stop.js";
import type { FtpClient } from "../client.js";
import { FtpError, FtpLocalError, FtpNotFoundError } from "../errors.js";
import { type Sessions, sessionsOf } from "../pool.js";
import { localTree } from "../tree/local-tree.js";
import { remoteTree } from "../tree/remote-tree.js";
import { pathFilter, type Tree } from "../tree/tree.js";
import type { Comparison } from "../verbs/compare.js";
import { remoteJoin, remoteName } from "../verbs/names.js";
import { workOff } from "../work-off.js";

export interface VerifyOptions {
  readonly signal?: AbortLike;
  /** Of a folder: only files that match one of these patterns. */
  readonly include?: readonly string[];
  /** Of a folder: nothing that matches, and nothing below it. */
  readonly exclude?: readonly string[];
  /** Told of each file when it was compared. */
  readonly onFile?: (file: VerifiedFile) => void;
}

/** One file, found on one side or on both. */
export type VerifiedFile = {
  /** From the folder, with slashes; the name when one file was asked for. */
  readonly path: string;
} & (
  | Comparison
  /** It is only on the other side, or something else than a file here. */
  | { readonly equal: false; readonly by: "presence"; readonly missing: "local" | "remote" }
  /** It could not be compared, or a folder of this path could not be listed. */
  | { readonly equal: false; readonly by: "error"; readonly error: Error }
);

export interface VerifyResult {
  /** Whether everything is on both sides, and the same. */
  readonly equal: boolean;
  /** By path, sorted. */
  readonly files: readonly VerifiedFile[];
}

/**
 * Compares a file, or all files of a folder, with the server's: each by the best digest that both sides know, else
 * by size; `by` says which. Links are not followed, and folders without files are not looked for.
 * @throws FtpError when what was asked for is not there at all, or the signal aborts
 */
export async function verify(
  pool: Sessions | FtpClient,
  remotePath: string,
  localPath: string,
  o: VerifyOptions = {},
): Promise<VerifyResult> {
  const sessions = sessionsOf(pool);
  if (!isFolder(localPath)) {
    const compared = await compareOne(sessions, remotePath, localPath, o.signal);
    const file = { path: remoteName(remotePath), ...compared };
    o.onFile?.(file);
    return { equal: file.equal, files: [file] };
  }
  const keep = pathFilter(o.include, o.exclude);
  const look = { keep, follow: false, signal: o.signal };
  const [remote, local] = await Promise.all([
    remoteTree(sessions, remotePath, look),
    localTree(localPath, look),
  ]);
  // An empty one in its place would say that all of it is missing there.
  if (!remote.exists) throw new FtpNotFoundError();
  const files = new Map<string, VerifiedFile>();
  const found = (file: VerifiedFile): void => {
    files.set(file.path, file);
    o.onFile?.(file);
  };
  for (const file of unseen(remote, "local")) found(file);
  for (const file of unseen(local, "remote")) found(file);
  for (const file of missing(remote, local)) found(file);
  const both = filesOf(local).filter((path) => remote.entries.get(path)?.type === "file");
  await workOff(
    both,
    () => sessions.limit,
    async (path) => {
      found(
        await comparedFile(sessions, remoteJoin(remotePath, path), join(localPath, path), path, o.signal),
      );
    },
  );
  const all = [...files.values()].sort((one, other) => (one.path < other.path ? -1 : 1));
  return { equal: all.every(({ equal }) => equal), files: all };
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (cause) {
    throw new FtpLocalError("there is nothing of that name on our side", { phase: "command", cause });
  }
}

async function compareOne(
  sessions: Sessions,
  remote: string,
  local: string,
  signal: AbortLike | undefined,
): Promise<Comparison> {
  return await sessions.run((client) => client.compare(remote, local, { signal }), { signal });
}

async function comparedFile(
  sessions: Sessions,
  remote: string,
  local: string,
  path: string,
  signal: AbortLike | undefined,
): Promise<VerifiedFile> {
  try {
    return { path, ...(await compareOne(sessions, remote, local, signal)) };
  } catch (error) {
    if (signal?.aborted === true || !(error instanceof FtpError)) throw error;
    return { path, equal: false, by: "error", error };
  }
}

/** What could not be listed, and names that the other side cannot have. */
function* unseen({ unread, unusable }: Tree, missing: "local" | "remote"): Generator<VerifiedFile> {
  for (const [path, error] of unread) yield { path, equal: false, by: "error", error };
  for (const path of unusable) yield { path, equal: false, by: "presence", missing };
}

function* missing(remote: Tree, local: Tree): Generator<VerifiedFile> {
  for (const path of filesOf(remote)) {
    if (local.entries.get(path)?.type !== "file")
      yield { path, equal: false, by: "presence", missing: "local" };
  }
  for (const path of filesOf(local)) {
    if (remote.entries.get(path)?.type !== "file")
      yield { path, equal: false, by: "presence", missing: "remote" };
  }
}

function filesOf({ entries }: Tree): string[] {
  return [...entries].filter(([, { type }]) => type === "file").map(([path]) => path);
}
