/**
 * What a server needs of a file system. One object per login. It sees absolute {@link Pathname}s whose `/` is
 * its own root; it knows no current directory, no user and no representation type.
 *
 * An optional method that is present is supported: FEAT, HELP and the replies follow from that. Every method
 * throws {@link StorageError} for what may go wrong, and stops with reason "aborted" soon after `signal` aborts.
 */
import type { Pathname } from "../protocol/pathname.js";

export interface Operation {
  readonly signal: AbortSignal;
}

export type EntryType = "file" | "directory" | "link" | "other";

/** A file, a directory, a link or something else, as `stat` and `list` tell of it. */
export interface Entry {
  /** The last component; empty for the root. */
  readonly name: string;
  readonly type: EntryType;
  /** Bytes; for anything but a file what the back end says, 0 when it says nothing. */
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly modified: number;
  /** Milliseconds since the epoch. */
  readonly created?: number;
  /** Permission bits, 0 to 0o7777. */
  readonly mode?: number;
  /** Numbers of links to it; 1 when absent. */
  readonly links?: number;
  /** Names or numbers, as LIST shows them. */
  readonly owner?: string | number;
  readonly group?: string | number;
  /** Equal for two pathnames when, and only when, they are the same object (RFC 3659 7.5.2). */
  readonly unique?: string;
  /** Of a link: where it leads, as the link says it. */
  readonly target?: string;
}

export type WriteIntent =
  /** A new file; "exists" when something of that name is there. */
  | { readonly intent: "create" }
  /** A new file or a new content; the old content stays until `commit`. Drops a part. */
  | { readonly intent: "replace" }
  /** At the end of the part if there is one, else of the file, else a new file. */
  | { readonly intent: "append" }
  /** From `start` bytes on: of the part if there is one, else of the file. "bad-offset" when it is shorter. */
  | { readonly intent: "resume"; readonly start: number };

export interface ReadOptions extends Operation {
  /** First byte, 0 or more. "bad-offset" when it lies beyond the end; at the end gives nothing. */
  readonly start: number;
  /** One past the last byte; the end of the file when absent. */
  readonly end?: number;
}

export interface Storage {
  /** Follows links. */
  stat(path: Pathname, o: Operation): Promise<Entry>;
  /** In batches of the back end's choice, in any order, without `.` and `..`; links are not followed. */
  list(path: Pathname, o: Operation): AsyncIterable<readonly Entry[]>;
  openRead(path: Pathname, o: ReadOptions): Promise<ReadHandle>;
  openWrite(path: Pathname, o: Operation & WriteIntent): Promise<WriteHandle>;
  /** A file or a link (itself, not what it leads to). */
  remove(path: Pathname, o: Operation): Promise<void>;
  makeDirectory(path: Pathname, o: Operation): Promise<void>;
  /** "not-empty" when it holds anything. */
  removeDirectory(path: Pathname, o: Operation): Promise<void>;
  /** Links are renamed themselves. With `replace: false` an existing `to` is "exists". */
  rename(from: Pathname, to: Pathname, o: Operation & { readonly replace: boolean }): Promise<void>;

  /**
   * What "resume" and "append" would continue: an upload of this account that broke off. Of size 0 when nothing of
   * it was kept but another file has that name, whose length must not be taken for the upload's; "append" then
   * adds to that file.
   */
  partial?(path: Pathname, o: Operation): Promise<PartialUpload | undefined>;
  /** Creates a file of a new name in a directory, for STOU; the name is in `entryName`. */
  openUnique?(directory: Pathname, o: Operation & { readonly hint?: string }): Promise<UniqueWriteHandle>;
  /** Where links lead: the same object by a pathname without links. For a new name, its directory is resolved. */
  resolve?(path: Pathname, o: Operation): Promise<Pathname>;
  /** As `stat`, of a link itself. */
  statLink?(path: Pathname, o: Operation): Promise<Entry>;
  setTimes?(
    path: Pathname,
    times: { readonly modified?: number; readonly created?: number; readonly accessed?: number },
    o: Operation,
  ): Promise<void>;
  /** Permission bits, 0 to 0o7777. */
  setMode?(path: Pathname, mode: number, o: Operation): Promise<void>;
  /** `target` is what the link will say; it leads nowhere outside the root, whatever it says. */
  makeLink?(path: Pathname, target: string, o: Operation): Promise<void>;
  /** Bytes that a new file in that directory may have. */
  availableSpace?(path: Pathname, o: Operation): Promise<number>;
  /** Lowercase hexadecimal digest of bytes `start` to `end`, the whole file when absent. */
  digest?(
    path: Pathname,
    algorithm: DigestAlgorithm,
    o: Operation & { readonly start?: number; readonly end?: number },
  ): Promise<string>;
  /** Which times `setTimes` can set; `modified` alone when absent. */
  readonly settableTimes?: readonly ("modified" | "created")[];
  /** Gives back what the storage holds for this login. Called once, after every handle was closed. */
  close?(): void | Promise<void>;
}

export type DigestAlgorithm = "crc32" | "md5" | "sha1" | "sha256" | "sha512";

export interface PartialUpload {
  /** Bytes that are kept. */
  readonly size: number;
  /** When the upload broke off, milliseconds since the epoch. */
  readonly since: number;
}

/**
 * An open file to read. Calls never overlap. A buffer lent to `read` is borrowed until the call returns or its
 * promise settles, also after an abort. Bytes at hand are answered at once, others by a promise.
 */
export interface ReadHandle {
  /** Bytes from `start` to the end, when known. */
  readonly size?: number | undefined;
  /** Fills `into` from its start, as far as it can; the number of bytes, 0 at the end. */
  read(into: Uint8Array): number | Promise<number>;
  /** As {@link WriteHandle.interrupt}. */
  interrupt?(): void;
  close(): void | Promise<void>;
}

/**
 * An open file to write. Calls never overlap. A chunk is borrowed until `write` returns or its promise settles;
 * a storage that keeps bytes copies them. Exactly one of `commit` and `abandon` ends it.
 */
export interface WriteHandle {
  /** Where writing began: 0 for a new content, else the length that was continued. */
  readonly start: number;
  write(chunk: Uint8Array): void | Promise<void>;
  /**
   * The transfer has failed. A call that waits for somebody who may never come settles now, and has let go of its
   * buffer; the file is closed or abandoned next.
   */
  interrupt?(): void;
  /** Leaves a hole of so many zero bytes. */
  skip?(bytes: number): void | Promise<void>;
  /** Makes what was written durable; the offset that a restart may begin at (RFC 959 3.5). */
  checkpoint?(): Promise<number>;
  /** The content becomes the file. */
  commit(o?: { readonly modified?: number }): Promise<Entry>;
  /** The file stays as it was before; `kept` bytes can be continued by "resume". Never throws. */
  abandon(cause: unknown): Promise<{ readonly kept: number }>;
}

export interface UniqueWriteHandle extends WriteHandle {
  readonly entryName: string;
}
