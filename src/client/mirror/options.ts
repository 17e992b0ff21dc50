/** What a mirror can be told, and what it tells. */
import type { AbortLike } from "../../connection/stop.js";
import type { OnProgress } from "../transfer/progress.js";
import type { TotalProgress } from "../transfer/total-progress.js";

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
  /**
   * Removes from the target what the source lacks, and what is a directory here and a file there. Nothing is
   * removed when the source is not there, below a folder that could not be listed, or after a file has failed.
   */
  readonly delete?: boolean;
  /** Only the plan. */
  readonly dryRun?: boolean;
  /** Only files that match one of these patterns. */
  readonly include?: readonly string[];
  /** Nothing that matches, and nothing below it; it is not removed either. */
  readonly exclude?: readonly string[];
  /**
   * Links of the source: left out; taken for what they lead to, never round in a circle; or, in a download, made
   * here too where they lead to something inside the folder. "skip" when absent.
   */
  readonly symlinks?: "skip" | "follow" | "copy";
  /** Whether files keep their modification times; true when absent. */
  readonly keepTimes?: boolean;
  /** Compares each file after its transfer, by the best digest that both sides know, else by size. */
  readonly verify?: boolean;
  /**
   * A file on this machine that keeps the plan and what is done of it, so that a mirror that was broken off, even
   * by the end of the process, goes on there. Removed at the end.
   */
  readonly journal?: string | false;
  /** How often a file is tried again when it may help; 2 when absent. */
  readonly retries?: number;
  readonly signal?: AbortLike;
  /** Told of the plan before anything is done. */
  readonly onPlan?: (actions: readonly MirrorAction[]) => void;
  /** Told of each action when it is done, or has failed. */
  readonly onAction?: (action: MirrorAction) => void;
  /** Told in a sentence of what is worth knowing and no failure, as a journal that cannot be used. */
  readonly onNotice?: (text: string) => void;
  /** Of each file. */
  readonly onProgress?: OnProgress;
  /** Of all files together, whenever one of them moves. */
  readonly onTotal?: (total: TotalProgress) => void;
}

export interface MirrorAction {
  /** "list": a folder, or a name, that nothing can be done about. */
  readonly kind: "list" | "make-directory" | "transfer" | "link" | "remove" | "remove-directory";
  /** From the folder, with slashes. */
  readonly path: string;
  /**
   * Why: the target lacks it; its size, time or digest is another; the source lacks it ("extra"); a directory stands
   * where a file should, or the other way round ("type"); a folder that cannot be listed ("unreadable"); a name
   * that cannot be here ("name"), or only once, because upper and lower case are the same here ("collision").
   */
  readonly reason:
    | "missing"
    | "size"
    | "newer"
    | "hash"
    | "extra"
    | "type"
    | "unreadable"
    | "name"
    | "collision";
  /** Bytes to move. */
  readonly size?: number;
  /** The source's modification time, as far as it is known; milliseconds since the epoch. */
  readonly modified?: number;
  /** Milliseconds that `modified` may be wrong by; 1000 when absent. */
  readonly grain?: number;
  /** Size of the target's file that it replaces. */
  readonly replaces?: number;
  /** Of a link: where it is to lead. */
  readonly target?: string;
  /**
   * Of a removal of what is "extra": a path of the source that some file systems take for the same name, as they make
   * no difference between upper and lower case, or between two ways to write `é`. Nothing is removed unless both are there.
   */
  readonly like?: string;
  /** Why it failed, or cannot be done; the others are done all the same. */
  readonly error?: Error;
}

export interface MirrorResult {
  /** Everything that was done, or would be. */
  readonly actions: readonly MirrorAction[];
  readonly failed: number;
  /** Bytes of the files that were moved, or would be. */
  readonly bytes: number;
  /** Removals that were left undone because something else failed. */
  readonly postponed: readonly MirrorAction[];
  /** Actions that an earlier run had done, as its journal says. */
  readonly doneBefore: number;
}
