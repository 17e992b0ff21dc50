/** A folder of the server, listed over several sessions at once. */
import type { AbortLike } from "../../connection/stop.js";
import type { FtpClient } from "../client.js";
import { FtpError, FtpProtocolError, FtpReplyError } from "../errors.js";
import type { Sessions } from "../pool.js";
import { MOST_LEVELS } from "../verbs/directories.js";
import type { FtpEntry } from "../verbs/listing.js";
import { remoteJoin } from "../verbs/names.js";
import { workOff } from "../work-off.js";
import { childOf, linkedPath, NOTHING, type PathFilter, type Tree, type TreeEntry } from "./tree.js";

export interface RemoteTreeOptions {
  readonly keep: PathFilter;
  /** Whether links count as what they lead to. */
  readonly follow: boolean;
  readonly signal: AbortLike | undefined;
  /** Entries at most, those with unusable names too; {@link MOST_ENTRIES} when absent. */
  readonly most?: number;
}

/** More than any plan could be kept of: a server can make up folders in folders for as long as it is asked. */
const MOST_ENTRIES = 4_000_000;

/** How often a listing is tried again when that may help. */
const RETRIES = 2;

const GRAINS = { second: 1000, minute: 60_000, day: 86_400_000 } as const;

interface Folder {
  readonly path: string;
  /** Where it and those above really are, from the root; undefined where a link led out, or nobody can tell where. */
  readonly reals: readonly (string | undefined)[];
}

/** @throws FtpError when the folder itself cannot be listed, or the connection is lost for good */
export async function remoteTree(sessions: Sessions, root: string, o: RemoteTreeOptions): Promise<Tree> {
  if (!(await isThere(sessions, root, o.signal))) return NOTHING;
  const found = new RemoteTree(sessions, root, o);
  await workOff<Folder>(
    [{ path: "", reals: [""] }],
    () => sessions.limit,
    (folder, add) => found.visit(folder, add),
  );
  return { exists: true, entries: found.entries, unread: found.unread, unusable: found.unusable };
}

/** Some servers list a folder that is not there as an empty one. */
async function isThere(sessions: Sessions, root: string, signal: AbortLike | undefined): Promise<boolean> {
  if (root === "" || root === "." || /^\/+$/.test(root)) return true;
  return await sessions.run((client) => client.exists(root, { signal }), { signal });
}

class RemoteTree {
  readonly entries = new Map<string, TreeEntry>();
  readonly unread = new Map<string, Error>();
  readonly unusable: string[] = [];
  readonly #sessions: Sessions;
  readonly #root: string;
  readonly #o: RemoteTreeOptions;

  constructor(sessions: Sessions, root: string, o: RemoteTreeOptions) {
    this.#sessions = sessions;
    this.#root = root;
    this.#o = o;
  }

  async visit(folder: Folder, add: (folder: Folder) => void): Promise<void> {
    const { signal } = this.#o;
    for (let failed = 0; ; failed++) {
      try {
        const found = await this.#sessions.run((client) => this.#list(client, folder), { signal });
        for (const entry of found) this.#take(folder, entry, add);
        return this.#expectEnd();
      } catch (error) {
        const retryable = error instanceof FtpError && error.retryable && signal?.aborted !== true;
        if (retryable && failed < RETRIES) continue;
        // The server's word about this folder says nothing of the others.
        if (folder.path === "" || !(error instanceof FtpReplyError)) throw error;
        this.unread.set(folder.path, error);
        return;
      }
    }
  }

  /** All of it, before any of it counts: a listing that breaks off is done again. */
  async #list(client: FtpClient, { path }: Folder): Promise<FtpEntry[]> {
    const { follow, signal } = this.#o;
    const found: FtpEntry[] = [];
    const unusable: string[] = [];
    const directory = path === "" ? this.#root : remoteJoin(this.#root, path);
    const listing = client.list(directory, {
      hidden: true,
      onSkipped: (raw, why) => {
        if (why === "unsafe-name") unusable.push(childOf(path, raw));
      },
      ...(signal === undefined ? {} : { signal }),
    });
    for await (const entry of listing) {
      // Such bytes would all become the same name here.
      if (entry.name.isWellFormed()) found.push(entry);
      else unusable.push(childOf(path, entry.name.toWellFormed()));
    }
    for (const [n, entry] of follow ? found.entries() : []) {
      if (entry.type === "link") found[n] = await this.#led(client, path, entry);
    }
    for (const name of unusable) this.unusable.push(name);
    return found;
  }

  #expectEnd(): void {
    const { most = MOST_ENTRIES } = this.#o;
    if (this.entries.size + this.unusable.length <= most) return;
    throw new FtpProtocolError(`the folder has more than ${most} entries`, {
      phase: "transfer",
      hint: "Take a folder below it, or leave some out by patterns.",
    });
  }

  /** What a link leads to, with the link's name; the link itself when it leads nowhere. */
  async #led(client: FtpClient, directory: string, link: FtpEntry): Promise<FtpEntry> {
    const { signal } = this.#o;
    const path = remoteJoin(this.#root, childOf(directory, link.name));
    if (!(await client.exists(path, { signal }))) return link;
    const found = await client.stat(path, { signal });
    const { name, target } = link;
    if (found.type !== "link") return { ...found, name, ...(target === undefined ? {} : { target }) };
    // Servers that tell of the link itself still open what it leads to.
    try {
      const size = await client.size(path, { signal });
      const modified = await client.modified(path, { signal });
      return { raw: link.raw, name, type: "file", size, modified, precision: "second" };
    } catch (error) {
      if (error instanceof FtpError && signal?.aborted !== true) {
        return { raw: link.raw, name, type: "directory", ...(target === undefined ? {} : { target }) };
      }
      throw error;
    }
  }

  #take(folder: Folder, found: FtpEntry, add: (folder: Folder) => void): void {
    const { name, type, size, modified, precision, target } = found;
    const path = childOf(folder.path, name);
    // The first one counts where a server lists a name twice.
    if (this.entries.has(path) || !this.#o.keep(path, type)) return;
    const above = folder.reals.at(-1);
    const child = above === undefined ? undefined : childOf(above, name);
    const linked = type === "directory" && target !== undefined;
    const real = linked && child !== undefined ? linkedPath(child, target, this.#root) : child;
    // Behind a link that leads who knows where no further one is followed: nobody would see a circle.
    const circle = linked && (child === undefined || (real !== undefined && folder.reals.includes(real)));
    this.entries.set(path, {
      type: circle ? "link" : type,
      size,
      modified,
      grain: GRAINS[precision ?? "second"],
      ...(target === undefined ? {} : { target }),
    });
    const deeper = type === "directory" && !circle && folder.reals.length <= MOST_LEVELS;
    if (deeper) add({ path, reals: [...folder.reals, real] });
  }
}
