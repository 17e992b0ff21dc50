/** Makes a folder here like one on the server, or the other way round: first a plan, then its actions. */
import { lstat, mkdir, rmdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { FtpAbortError, FtpArgumentError, FtpError, FtpLocalError, FtpUnsupportedError } from "../errors.js";
import type { OnProgress } from "../transfer/progress.js";
import { remoteJoin } from "../verbs/names.js";
import type { FtpPool } from "./pool.js";
import { TotalMeter, type TotalProgress } from "./total-progress.js";
import {
  LOCAL_DIGESTS,
  localDigest,
  localTree,
  pathFilter,
  remoteTree,
  type Tree,
  type TreeEntry,
} from "./tree.js";

export interface MirrorOptions {
  /** "download": the folder here becomes like the server's. */
  readonly direction: "download" | "upload";
  readonly remote: string;
  readonly local: string;
  /**
   * When a file of the same size is moved again: when the source is newer ("time", the default), never ("size"),
   * or when the digests differ ("hash", for servers that compute them).
   */
  readonly compare?: "time" | "size" | "hash";
  /** Removes from the target what the source lacks. */
  readonly delete?: boolean;
  /** Only the plan. */
  readonly dryRun?: boolean;
  /** Only files that match one of these patterns. */
  readonly include?: readonly string[];
  /** Nothing that matches, and nothing below it; it is not removed either. */
  readonly exclude?: readonly string[];
  /** Links of the folder here, when it is the source: left out, or taken for what they lead to. "skip" when absent. */
  readonly symlinks?: "skip" | "follow";
  /** Whether files keep their modification times; true when absent. */
  readonly keepTimes?: boolean;
  /** How often a file is tried again when it may help; 2 when absent. */
  readonly retries?: number;
  readonly signal?: AbortSignal;
  /** Told of each action when it is done, or has failed. */
  readonly onAction?: (action: MirrorAction) => void;
  /** Of each file. */
  readonly onProgress?: OnProgress;
  /** Of all files together, whenever one of them moves. */
  readonly onTotal?: (total: TotalProgress) => void;
}

export interface MirrorAction {
  readonly kind: "make-directory" | "transfer" | "remove" | "remove-directory";
  /** From the folder, with slashes. */
  readonly path: string;
  readonly reason: "missing" | "size" | "newer" | "hash" | "extra";
  /** Bytes to move. */
  readonly size?: number;
  /** Why it failed; the others are done all the same. */
  readonly error?: Error;
}

export interface MirrorResult {
  /** Everything that was done, or would be. */
  readonly actions: readonly MirrorAction[];
  readonly failed: number;
  /** Bytes of the files that were moved, or would be. */
  readonly bytes: number;
}

/** @throws FtpError when the plan cannot be made, or the signal aborts; failures of single actions are in the result */
export async function mirror(pool: FtpPool, o: MirrorOptions): Promise<MirrorResult> {
  const plan = await planOf(pool, o);
  const actions = o.dryRun === true ? plan : await new Mirroring(pool, o).perform(plan);
  const moved = actions.filter(({ kind, error }) => kind === "transfer" && error === undefined);
  return {
    actions,
    failed: actions.filter(({ error }) => error !== undefined).length,
    bytes: moved.reduce((sum, { size = 0 }) => sum + size, 0),
  };
}

async function planOf(pool: FtpPool, o: MirrorOptions): Promise<MirrorAction[]> {
  const keep = pathFilter(o.include, o.exclude);
  const up = o.direction === "upload";
  const [remote, local] = await Promise.all([
    existingRemote(pool, o, keep),
    localTree(o.local, keep, up && o.symlinks === "follow").catch((cause) => {
      throw new FtpLocalError("the local folder cannot be read", { phase: "command", cause });
    }),
  ]);
  const [source, target] = up ? [local, remote] : [remote, local];
  const plan: MirrorAction[] = [];
  for (const [path, entry] of source) {
    const action = await actionFor(pool, o, path, entry, target.get(path));
    if (action !== undefined) plan.push(action);
  }
  if (o.delete === true) plan.push(...removals(source, target));
  return plan;
}

/** A folder that an upload will make is not there yet. */
async function existingRemote(
  pool: FtpPool,
  o: MirrorOptions,
  keep: Parameters<typeof remoteTree>[2],
): Promise<Tree> {
  if (o.direction === "upload") {
    const there = await pool.run((client) => client.exists(o.remote, { signal: o.signal }), {
      signal: o.signal,
    });
    if (!there) return new Map();
  }
  return await remoteTree(pool, o.remote, keep, o.signal);
}

async function actionFor(
  pool: FtpPool,
  o: MirrorOptions,
  path: string,
  source: TreeEntry,
  target: TreeEntry | undefined,
): Promise<MirrorAction | undefined> {
  if (source.type === "directory") {
    if (target?.type === "directory") return undefined;
    return { kind: "make-directory", path, reason: "missing" };
  }
  if (source.type !== "file") return undefined;
  const { size } = source;
  const action = { kind: "transfer", path, ...(size === undefined ? {} : { size }) } as const;
  if (target?.type !== "file") return { ...action, reason: "missing" };
  if (size !== undefined && target.size !== undefined && size !== target.size)
    return { ...action, reason: "size" };
  const { compare = "time" } = o;
  if (compare === "time" && isNewer(source, target)) return { ...action, reason: "newer" };
  if (compare === "hash" && (await digestsDiffer(pool, o, path))) return { ...action, reason: "hash" };
  return undefined;
}

function isNewer(source: TreeEntry, target: TreeEntry): boolean {
  if (source.modified === undefined || target.modified === undefined) return false;
  return source.modified - target.modified >= Math.max(source.grain, target.grain, 1000);
}

async function digestsDiffer(pool: FtpPool, o: MirrorOptions, path: string): Promise<boolean> {
  return await pool.run(
    async (client) => {
      const algorithm = client.digests.find((name) => LOCAL_DIGESTS.includes(name));
      if (algorithm === undefined) {
        throw new FtpUnsupportedError("the server computes no digest that we could compare");
      }
      const [theirs, ours] = await Promise.all([
        client.digest(remoteJoin(o.remote, path), algorithm, { signal: o.signal }),
        localDigest(join(o.local, path), algorithm),
      ]);
      return theirs !== ours;
    },
    { signal: o.signal },
  );
}

/** What the source lacks, from the leaves up; a part of a download that goes on is none of it. */
function removals(source: Tree, target: Tree): MirrorAction[] {
  const extra = [...target].filter(
    ([path]) => !source.has(path) && !(path.endsWith(".part") && source.has(path.slice(0, -5))),
  );
  return extra
    .map(([path, { type }]): MirrorAction => {
      return { kind: type === "directory" ? "remove-directory" : "remove", path, reason: "extra" };
    })
    .sort((one, other) => other.path.length - one.path.length);
}

class Mirroring {
  readonly #pool: FtpPool;
  readonly #o: MirrorOptions;
  readonly #done: MirrorAction[] = [];
  readonly #total: TotalMeter | undefined;

  constructor(pool: FtpPool, o: MirrorOptions) {
    this.#pool = pool;
    this.#o = o;
    if (o.onTotal !== undefined) this.#total = new TotalMeter(o.onTotal);
  }

  async perform(plan: readonly MirrorAction[]): Promise<readonly MirrorAction[]> {
    const transfers = plan.filter(({ kind }) => kind === "transfer");
    const bytes = transfers.reduce((sum, { size = 0 }) => sum + size, 0);
    this.#total?.begin({ files: transfers.length, bytes });
    const of = (kind: MirrorAction["kind"]) => plan.filter((action) => action.kind === kind);
    await this.#makeRoot();
    // Those above come first in the plan.
    for (const action of of("make-directory")) await this.#try(action);
    await this.#all(of("transfer"));
    await this.#all(of("remove"));
    for (const action of of("remove-directory")) await this.#try(action);
    return this.#done;
  }

  async #makeRoot(): Promise<void> {
    const { direction, local, remote, signal } = this.#o;
    if (direction === "upload") {
      if (remote === "" || remote === "/" || remote === ".") return;
      await this.#pool.run((client) => client.makeDirectory(remote, { recursive: true, signal }), { signal });
      return;
    }
    try {
      await mkdir(local, { recursive: true });
    } catch (cause) {
      throw new FtpLocalError("the local folder cannot be made", { phase: "command", cause });
    }
  }

  /** No more at once than the pool has sessions for. */
  async #all(actions: readonly MirrorAction[]): Promise<void> {
    const left = actions.values();
    const worker = async (): Promise<void> => {
      for (const action of left) await this.#try(action);
    };
    await Promise.all(Array.from({ length: Math.min(this.#pool.limit, actions.length) }, worker));
  }

  async #try(action: MirrorAction): Promise<void> {
    const { signal, retries = 2, onAction } = this.#o;
    let resume = false;
    for (let failed = 0; ; failed++) {
      if (signal?.aborted === true) throw new FtpAbortError("transfer", signal.reason);
      try {
        await this.#perform(action, resume);
        this.#done.push(action);
        if (action.kind === "transfer") this.#total?.done();
        onAction?.(action);
        return;
      } catch (error) {
        if (signal?.aborted) throw error;
        const retryable = error instanceof FtpError && error.retryable;
        // What is there of it is of this very attempt.
        resume = retryable && error.phase === "transfer" && this.#o.direction === "download";
        if (retryable && failed < retries) continue;
        if (action.kind === "transfer") this.#total?.done();
        const done = { ...action, error: error instanceof Error ? error : new Error(String(error)) };
        this.#done.push(done);
        onAction?.(done);
        return;
      }
    }
  }

  #perform(action: MirrorAction, resume: boolean): Promise<unknown> {
    return this.#o.direction === "upload" ? this.#upload(action) : this.#download(action, resume);
  }

  #progressOf(path: string): OnProgress | undefined {
    const { onProgress } = this.#o;
    const total = this.#total;
    if (total === undefined) return onProgress;
    return (progress) => {
      total.at(path, progress.bytes);
      onProgress?.(progress);
    };
  }

  async #upload({ kind, path }: MirrorAction): Promise<void> {
    const { remote, local, signal, keepTimes = true } = this.#o;
    const onProgress = this.#progressOf(path);
    const there = remoteJoin(remote, path);
    await this.#pool.run(
      async (client) => {
        if (kind === "make-directory") return await client.makeDirectory(there, { recursive: true, signal });
        if (kind === "remove") return await client.remove(there, { signal });
        if (kind === "remove-directory")
          return await client.removeDirectory(there, { recursive: false, signal });
        const source = join(local, path);
        await client.upload(source, there, { ...given({ signal, onProgress }) });
        if (!keepTimes) return undefined;
        const { mtimeMs } = await lstat(source);
        try {
          await client.setTimes(there, { modified: mtimeMs }, { signal });
        } catch (error) {
          // The file is there; its time is newer than its source's, so it is not moved again.
          if (!(error instanceof FtpUnsupportedError)) throw error;
        }
        return undefined;
      },
      { signal },
    );
  }

  async #download({ kind, path }: MirrorAction, resume: boolean): Promise<void> {
    const { remote, local, signal, keepTimes = true } = this.#o;
    const onProgress = this.#progressOf(path);
    const here = join(local, path);
    if (kind === "remove") return await unlink(here);
    if (kind === "remove-directory") return await rmdir(here);
    await refuseLinks(local, path);
    if (kind === "make-directory") return await mkdir(here);
    await this.#pool.run(
      (client) =>
        client.download(remoteJoin(remote, path), here, {
          resume,
          keepTimes,
          ...given({ signal, onProgress }),
        }),
      { signal },
    );
  }
}

/** A link among the directories above could lead out of the folder. */
async function refuseLinks(root: string, path: string): Promise<void> {
  for (let slash = path.indexOf("/"); slash !== -1; slash = path.indexOf("/", slash + 1)) {
    const found = await lstat(join(root, path.slice(0, slash)));
    if (!found.isDirectory())
      throw new FtpArgumentError("a link, or a file, stands where a directory should be");
  }
}

/** Without what is undefined. */
function given(o: { signal: AbortSignal | undefined; onProgress: OnProgress | undefined }): {
  signal?: AbortSignal;
  onProgress?: OnProgress;
} {
  return {
    ...(o.signal === undefined ? {} : { signal: o.signal }),
    ...(o.onProgress === undefined ? {} : { onProgress: o.onProgress }),
  };
}
