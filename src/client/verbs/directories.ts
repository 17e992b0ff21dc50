/** Directories made and removed, whole trees too. */

import type { AbortLike } from "../../connection/stop.js";
import { type FtpError, FtpNotFoundError, FtpReplyError } from "../errors.js";
import type { Session } from "../session/session.js";
import { EntryChannel } from "./entry-channel.js";
import { isDirectory, stat } from "./files.js";
import { type FtpEntry, type ListOptions, runListing } from "./listing.js";
import { remoteJoin, remoteName } from "./names.js";

/** Levels that a tree is followed down: more than a pathname can have. */
export const MOST_LEVELS = 256;

/** Makes a directory; with `recursive` also those above it, and one that is there already is fine. */
export async function makeDirectory(
  session: Session,
  path: string,
  { recursive }: { readonly recursive: boolean },
  signal: AbortLike,
): Promise<void> {
  const reply = await session.ask("MKD", path, signal);
  if (reply.code < 300) return;
  const refusal = new FtpReplyError("MKD", { phase: "command", reply });
  if (!recursive || reply.code < 500) throw refusal;
  if (await isDirectory(session, path, signal)) return;
  for (const ancestor of ancestorsOf(path)) await session.ask("MKD", ancestor, signal);
  const again = await session.ask("MKD", path, signal);
  // Somebody else may have made it meanwhile.
  if (again.code >= 300 && !(await isDirectory(session, path, signal))) {
    throw new FtpReplyError("MKD", { phase: "command", reply: again });
  }
}

/** Those above, from the top. */
function ancestorsOf(path: string): string[] {
  const ancestors: string[] = [];
  for (let slash = path.indexOf("/", 1); slash !== -1; slash = path.indexOf("/", slash + 1)) {
    const ancestor = path.slice(0, slash);
    if (!/(?:^|\/)\.{0,2}$/.test(ancestor) && slash < path.length - 1) ancestors.push(ancestor);
  }
  return ancestors;
}

export interface RemoveOptions {
  /** All that it holds first. */
  readonly recursive?: boolean;
  /**
   * Told of what the server does not let go, with its path; the rest is removed all the same, and what holds it is
   * left alone. Without it the first refusal ends all.
   */
  readonly onRefused?: (error: FtpError, path: string) => void;
}

/** Removes a directory; with `recursive` all that it holds first. Links are removed, never followed. */
export async function removeDirectory(
  session: Session,
  path: string,
  { recursive = false, onRefused }: RemoveOptions,
  signal: AbortLike,
): Promise<void> {
  if (recursive) {
    const type = await typeOf(session, path, signal);
    if (type === "link") return void (await session.command("DELE", path, signal));
    if (type === "directory") {
      if (session.features.has("MLST") && (await unlinked(session, path, signal))) return;
      if (!(await removeContent({ session, signal, onRefused }, path, 0))) return;
    }
  }
  await session.command("RMD", path, signal);
}

/** Without MLST only the listing of the directory above shows that something is a link. */
async function typeOf(session: Session, path: string, signal: AbortLike): Promise<FtpEntry["type"]> {
  if (session.features.has("MLST")) return (await stat(session, path, signal)).type;
  const trimmed = path.replace(/\/+$/, "");
  const name = remoteName(trimmed);
  if (name === "" || name === "." || name === "..") return "directory";
  const above = trimmed.slice(0, -name.length) || undefined;
  const entries = await listOnce(session, above, { signal, hidden: true });
  return entries.find((found) => found.name === name)?.type ?? "directory";
}

/**
 * Whether it was a link, and is removed. pyftpdlib and others show a link to a directory as the directory: what it
 * leads to must stay. DELE takes a link away, and refuses a directory.
 */
async function unlinked(session: Session, path: string, signal: AbortLike): Promise<boolean> {
  const reply = await session.ask("DELE", path, signal);
  return reply.code < 300;
}

interface Removal {
  readonly session: Session;
  readonly onRefused: RemoveOptions["onRefused"];
  readonly signal: AbortLike;
}

/** @returns Whether nothing is left in it, as far as we were told */
async function removeContent(removal: Removal, path: string, level: number): Promise<boolean> {
  const { session, signal } = removal;
  let emptied = true;
  for (const found of await listOnce(session, path, { signal, hidden: true })) {
    const child = remoteJoin(path, found.name);
    const removed =
      found.type === "directory"
        ? level >= MOST_LEVELS ||
          (await unlessRefused(removal, child, () => removeBelow(removal, child, level)))
        : await unlessRefused(removal, child, () => removeOne(removal, "DELE", child));
    emptied &&= removed;
  }
  return emptied;
}

async function removeBelow(removal: Removal, path: string, level: number): Promise<boolean> {
  const { session, signal } = removal;
  if (session.features.has("MLST") && (await unlinked(session, path, signal))) return true;
  return (await removeContent(removal, path, level + 1)) && (await removeOne(removal, "RMD", path));
}

async function removeOne({ session, signal }: Removal, verb: string, path: string): Promise<true> {
  await session.command(verb, path, signal);
  return true;
}

async function unlessRefused(
  { onRefused }: Removal,
  path: string,
  remove: () => Promise<boolean>,
): Promise<boolean> {
  try {
    return await remove();
  } catch (error) {
    const refused = error instanceof FtpReplyError || error instanceof FtpNotFoundError;
    if (onRefused === undefined || !refused) throw error;
    onRefused(error, path);
    return false;
  }
}

/** A whole directory at once, bounded by `limits.listing`. */
export async function listOnce(
  session: Session,
  path: string | undefined,
  o: ListOptions & { readonly signal: AbortLike },
): Promise<FtpEntry[]> {
  const channel = new EntryChannel<FtpEntry>();
  channel.release();
  await runListing(session, path, channel, o);
  channel.end();
  const entries: FtpEntry[] = [];
  for (let some = await channel.next(); some !== undefined; some = await channel.next()) {
    for (const found of some) entries.push(found);
  }
  return entries;
}
