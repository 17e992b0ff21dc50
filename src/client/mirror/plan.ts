/** What is to be done to make one folder like the other. */
import { lstatSync } from "node:fs";
import { basename, dirname, join, posix, resolve } from "node:path";
import { FtpArgumentError, FtpLocalError, FtpNotFoundError, FtpUnsupportedError } from "../errors.js";
import type { Sessions } from "../pool.js";
import { partOf, segmentsOf } from "../transfer/sinks.js";
import { localTree } from "../tree/local-tree.js";
import { remoteTree } from "../tree/remote-tree.js";
import {
  ancestorsOf,
  linkedPath,
  type PathFilter,
  pathFilter,
  type Tree,
  type TreeEntry,
} from "../tree/tree.js";
import { remoteJoin } from "../verbs/names.js";
import { workOff } from "../work-off.js";
import type { MirrorAction, MirrorOptions } from "./options.js";

/** @throws FtpError when one of the folders cannot be listed at all, or the source is not there */
export async function planOf(sessions: Sessions, o: MirrorOptions): Promise<MirrorAction[]> {
  const { source, target, holding } = await treesOf(sessions, o);
  const plan = new Plan(o, source, target, holding);
  const compare = plan.make();
  await workOff(
    compare,
    () => sessions.limit,
    async (n) => {
      const { path } = plan.actions[n] as MirrorAction;
      if (!(await digestsDiffer(sessions, o, path))) plan.actions[n] = undefined;
    },
  );
  return plan.actions.filter((action) => action !== undefined);
}

async function treesOf(
  sessions: Sessions,
  o: MirrorOptions,
): Promise<{ readonly source: Tree; readonly target: Tree; readonly holding: ReadonlySet<string> }> {
  const keep = pathFilter(o.include, o.exclude);
  const holding = new Set<string>();
  const keepOfTarget: PathFilter = (path, type) => {
    const kept = keep(path, type);
    if (!kept) for (const folder of ancestorsOf(path)) holding.add(folder);
    return kept;
  };
  const { signal } = o;
  const up = o.direction === "upload";
  const follow = o.symlinks === "follow";
  if (up && o.symlinks === "copy") throw new FtpArgumentError("links cannot be copied to a server");
  const [remote, local] = await Promise.all([
    remoteTree(sessions, o.remote, { keep: up ? keepOfTarget : keep, follow: follow && !up, signal }),
    localTree(o.local, { keep: up ? keep : keepOfTarget, follow: follow && up, signal }),
  ]);
  // An empty folder in its place would have everything removed from the target.
  if (up && !local.exists) {
    throw new FtpLocalError("the local folder to be mirrored is not there", { phase: "command" });
  }
  if (!up && !remote.exists) throw new FtpNotFoundError();
  return up ? { source: local, target: remote, holding } : { source: remote, target: local, holding };
}

async function digestsDiffer(sessions: Sessions, o: MirrorOptions, path: string): Promise<boolean> {
  return await sessions.run(
    async (client) => {
      const found = await client.compare(remoteJoin(o.remote, path), join(o.local, path), {
        signal: o.signal,
      });
      if (found.by === "size" && client.digests.length === 0) {
        throw new FtpUnsupportedError("the server computes no digest that we could compare");
      }
      return found.by === "size" || !found.equal;
    },
    { signal: o.signal },
  );
}

class Plan {
  /** What turns out not to be needed becomes undefined. */
  readonly actions: (MirrorAction | undefined)[] = [];
  readonly #o: MirrorOptions;
  readonly #source: Tree;
  readonly #target: Tree;
  /** Folders of the target with something in them that the patterns leave out, and that stays. */
  readonly #holding: ReadonlySet<string>;
  /** Nothing can be done below these. */
  readonly #blocked = new Map<string, Error>();
  readonly #removed = new Set<string>();
  /** Where the file system makes no difference between upper and lower case: the source's names, and the target's. */
  readonly #folded:
    | { readonly source: Set<string>; readonly target: ReadonlyMap<string, TreeEntry> }
    | undefined;

  constructor(o: MirrorOptions, source: Tree, target: Tree, holding: ReadonlySet<string>) {
    this.#o = o;
    this.#source = source;
    this.#target = target;
    this.#holding = holding;
    if (o.direction === "download" && foldsCase(o.local)) {
      const names = [...target.entries].map(([path, entry]) => [fold(path), entry] as const);
      this.#folded = { source: new Set(), target: new Map(names) };
    }
  }

  /** Which of the actions are needed only when digests differ. */
  make(): number[] {
    const compare: number[] = [];
    for (const { unread } of [this.#source, this.#target]) {
      for (const [path, error] of unread) {
        this.actions.push({ kind: "list", path, reason: "unreadable", error });
        this.#blocked.set(path, error);
      }
    }
    for (const path of this.#source.unusable) {
      const error = new FtpArgumentError("the name leads elsewhere, or cannot be used here");
      this.actions.push({ kind: "list", path, reason: "name", error });
    }
    for (const [path, entry] of this.#source.entries) {
      const action = this.#actionFor(path, entry);
      if (action === undefined) continue;
      const length = this.actions.push(this.#judged(action));
      if (action.reason === "hash") compare.push(length - 1);
    }
    if (this.#o.delete === true) this.#remove((path) => !this.#source.entries.has(path), "extra");
    return compare;
  }

  #actionFor(path: string, entry: TreeEntry): MirrorAction | undefined {
    const target = this.#target.entries.get(path) ?? this.#folded?.target.get(fold(path));
    const collision = this.#collision(path);
    switch (entry.type) {
      case "directory":
        if (collision === undefined && target?.type === "directory") return undefined;
        return { kind: "make-directory", path, reason: this.#reason(path, target, collision) };
      case "file": {
        const reason = collision ?? this.#reasonToMove(path, entry, target);
        return reason === undefined ? undefined : { ...transferOf(path, entry, target), reason };
      }
      case "link":
        return this.#o.symlinks === "copy" ? this.#linkFor(path, entry, target) : undefined;
      case "other":
        return undefined;
    }
  }

  #reasonToMove(
    path: string,
    source: TreeEntry,
    target: TreeEntry | undefined,
  ): MirrorAction["reason"] | undefined {
    // What is neither file nor directory is replaced by name, and not written to.
    if (target?.type !== "file") return this.#reason(path, target?.type === "directory" ? target : undefined);
    if (source.size !== undefined && target.size !== undefined && source.size !== target.size) return "size";
    const { compare = "time" } = this.#o;
    if (compare === "hash") return "hash";
    return compare === "time" && isNewer(source, target) ? "newer" : undefined;
  }

  #linkFor(
    path: string,
    { target: said }: TreeEntry,
    there: TreeEntry | undefined,
  ): MirrorAction | undefined {
    const inside = linkedPath(path, said, this.#o.remote);
    if (inside === undefined) {
      const error = new FtpArgumentError("the link leads out of the folder, or nobody knows where");
      return {
        kind: "link",
        path,
        reason: "missing",
        ...(said === undefined ? {} : { target: said }),
        error,
      };
    }
    const target = posix.relative(posix.dirname(path), inside) || ".";
    if (there?.type === "link" && there.target === target) return undefined;
    const other = there?.type === "link" ? undefined : there;
    return { kind: "link", path, reason: this.#reason(path, other), target };
  }

  #reason(
    path: string,
    target: TreeEntry | undefined,
    collision?: "collision",
  ): "missing" | "type" | "collision" {
    if (collision !== undefined) return collision;
    if (target === undefined) return "missing";
    if (this.#o.delete === true)
      this.#remove((found) => found === path || found.startsWith(`${path}/`), "type");
    return "type";
  }

  /** A name that another one has already, as far as this machine is concerned. */
  #collision(path: string): "collision" | undefined {
    if (this.#o.direction === "upload") return undefined;
    // Bytes of the one would come where the other is being written.
    const whole = path.endsWith(".part") ? path.slice(0, -5) : undefined;
    if (whole !== undefined && this.#source.entries.get(whole)?.type === "file") return "collision";
    if (this.#folded === undefined) return undefined;
    const { source } = this.#folded;
    const before = source.size;
    return source.add(fold(path)).size === before ? "collision" : undefined;
  }

  /** With its error, when it is known already that it cannot be done. */
  #judged(action: MirrorAction): MirrorAction {
    const error = action.error ?? this.#objection(action);
    if (error === undefined) return action;
    if (action.kind === "make-directory") this.#blocked.set(action.path, error);
    return { ...action, error };
  }

  #objection({ path, reason }: MirrorAction): Error | undefined {
    if (reason === "collision") {
      return new FtpArgumentError("another file has this name already: upper and lower case, or .part");
    }
    if (reason === "type" && this.#o.delete !== true) {
      return new FtpArgumentError(
        "a file stands where a directory should be, or the other way round; `delete` replaces it",
      );
    }
    return this.#above(this.#blocked, path);
  }

  #above<T>(map: ReadonlyMap<string, T>, path: string): T | undefined {
    if (map.size === 0) return undefined;
    for (const ancestor of ancestorsOf(path)) {
      const found = map.get(ancestor);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** From the leaves up. Nothing is known of what a folder holds that could not be listed: it stays. */
  #remove(which: (path: string) => boolean, reason: "extra" | "type"): void {
    const found = [...this.#target.entries].filter(([path]) => which(path) && !this.#isKept(path));
    const alike = reason === "extra" && found.length > 0;
    const names = alike ? new Map([...this.#source.entries.keys()].map((name) => [fold(name), name])) : NONE;
    const actions = found.map(([path, { type }]): MirrorAction => {
      const like = names.get(fold(path));
      const kind = type === "directory" ? "remove-directory" : "remove";
      return { kind, path, reason, ...(like === undefined ? {} : { like }) };
    });
    for (const action of actions.sort((one, other) => other.path.length - one.path.length)) {
      if (this.#removed.has(action.path)) continue;
      this.#removed.add(action.path);
      this.actions.push(action);
    }
  }

  #isKept(path: string): boolean {
    const { unread, entries } = this.#source;
    if (this.#holding.has(path)) return true;
    if (unread.has(path) || this.#above(unread, path) !== undefined) return true;
    if (this.#folded?.source.has(fold(path)) === true) return true;
    // What a download that goes on has written so far.
    return [partOf(""), segmentsOf("")].some(
      (ending) => path.endsWith(ending) && entries.has(path.slice(0, -ending.length)),
    );
  }
}

const NONE: ReadonlyMap<string, string> = new Map();

function transferOf(
  path: string,
  { size, modified, grain }: TreeEntry,
  target: TreeEntry | undefined,
): Omit<MirrorAction, "reason"> {
  return {
    kind: "transfer",
    path,
    ...(size === undefined ? {} : { size }),
    ...(modified === undefined ? {} : { modified }),
    ...(grain > 1000 ? { grain } : {}),
    ...(target?.type === "file" && target.size !== undefined ? { replaces: target.size } : {}),
  };
}

function isNewer(source: TreeEntry, target: TreeEntry): boolean {
  if (source.modified === undefined || target.modified === undefined) return false;
  return source.modified - target.modified >= Math.max(source.grain, target.grain, 1000);
}

/** As a file system sees it that makes no difference between upper and lower case. */
function fold(path: string): string {
  return path.normalize("NFC").toLowerCase();
}

/** Whether `A` and `a` are the same file there: asked of the folder's own name, or of those above it. */
export function foldsCase(folder: string): boolean {
  for (let path = resolve(folder); ; path = dirname(path)) {
    const name = basename(path);
    const other = name === name.toLowerCase() ? name.toUpperCase() : name.toLowerCase();
    if (other === name && path === dirname(path)) return false;
    if (other === name) continue;
    try {
      const found = lstatSync(path);
      const same = lstatSync(join(dirname(path), other), { throwIfNoEntry: false });
      return same !== undefined && same.dev === found.dev && same.ino === found.ino;
    } catch {
      // Not there yet: those above tell.
      if (path === dirname(path)) return false;
    }
  }
}
