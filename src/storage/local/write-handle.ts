/** A file being uploaded, whatever becomes of it. */
import { closeSync, fstatSync, futimesSync, type Stats } from "node:fs";
import { StorageError } from "../errors.js";
import type { Entry, UniqueWriteHandle } from "../storage.js";
import { seconds } from "./attributes.js";
import { entryOf } from "./entry.js";
import { storageError } from "./errno.js";
import { type FileWriter, flushNames } from "./file-writer.js";
import type { WriteLease } from "./lease.js";
import type { Place } from "./place.js";
import type { Root } from "./root.js";

/** What becomes of the bytes. */
export interface Destination {
  /** Makes them the file; `stats` is that of the descriptor, whose length is right. */
  publish(writer: FileWriter, stats: Stats): Promise<void>;
  /** Keeps what can be continued, of which `durable` bytes were promised to the client; how many those are. */
  giveUp(writer: FileWriter, durable: number): Promise<number>;
}

export interface Upload {
  readonly root: Root;
  readonly place: Place;
  /** The name that was asked for, which may be that of a link. */
  readonly entryName: string;
  readonly path: string;
  readonly start: number;
  readonly writer: FileWriter;
  readonly destination: Destination;
  readonly lease: WriteLease;
  /**
   * What commit waits for until it is on the disk. "bytes" where errors show late: NFS tells of them at the end
   * only. "bytes and name" on request.
   */
  readonly flush: "nothing" | "bytes" | "bytes and name";
  readonly signal: AbortSignal;
}

export class LocalWriteHandle implements UniqueWriteHandle {
  readonly start: number;
  readonly entryName: string;
  readonly #upload: Upload;
  readonly #writer: FileWriter;
  #durable = 0;
  #state: "open" | "ended" | "giving up" = "open";

  /** Holds the place and the root until it has ended. */
  constructor(upload: Upload) {
    upload.root.retain();
    upload.place.hold();
    this.start = upload.start;
    this.entryName = upload.entryName;
    this.#upload = upload;
    this.#writer = upload.writer;
    // The signal is the session's: nothing more is written for one that is over, though a write may be under way.
    upload.lease.whether(
      () => this.#state === "giving up" || (this.#state === "open" && upload.signal.aborted),
    );
  }

  write(chunk: Uint8Array): void | Promise<void> {
    this.#expectOpen();
    return this.#writer.write(chunk);
  }

  skip(bytes: number): void | Promise<void> {
    this.#expectOpen();
    return this.#writer.skip(bytes);
  }

  async checkpoint(): Promise<number> {
    this.#expectOpen();
    const { position } = this.#writer;
    await this.#writer.flush();
    this.#durable = position;
    return position;
  }

  async commit(o: { readonly modified?: number } = {}): Promise<Entry> {
    this.#end();
    const { root, place, path, flush } = this.#upload;
    try {
      await this.#publish(o.modified);
      if (flush === "bytes and name") await flushNames(place.directory);
      const stats = fstatSync(this.#writer.descriptor);
      return entryOf(root, this.entryName, stats, place.directory, place.name);
    } catch (error) {
      throw storageError(error, path);
    } finally {
      this.#close();
    }
  }

  async abandon(_cause: unknown): Promise<{ readonly kept: number }> {
    if (this.#state !== "open") return { kept: 0 };
    this.#state = "giving up";
    try {
      await this.#writer.settled();
      return { kept: await this.#giveUp() };
    } finally {
      this.#close();
    }
  }

  /** Only what was not published is given up: afterwards the descriptor is that of the visible file. */
  async #publish(modified: number | undefined): Promise<void> {
    const { destination, flush } = this.#upload;
    try {
      await this.#writer.settled();
      const stats = await this.#writer.finish();
      if (modified !== undefined)
        futimesSync(this.#writer.descriptor, seconds(Date.now()), seconds(modified));
      if (flush !== "nothing") await this.#writer.flush();
      await destination.publish(this.#writer, stats);
    } catch (error) {
      await this.#giveUp();
      throw error;
    }
  }

  async #giveUp(): Promise<number> {
    try {
      return await this.#upload.destination.giveUp(this.#writer, this.#durable);
    } catch {
      // What is left expires; the cause of the first failure is what counts.
      return 0;
    }
  }

  #expectOpen(): void {
    if (this.#state !== "open") throw new StorageError("failed", "the upload has ended");
    if (this.#upload.signal.aborted) throw new StorageError("aborted");
  }

  #end(): void {
    if (this.#state !== "open") throw new StorageError("failed", "the upload has ended");
    this.#state = "ended";
  }

  #close(): void {
    const { root, place, lease } = this.#upload;
    try {
      closeSync(this.#writer.descriptor);
    } finally {
      lease.release();
      place.release();
      root.release();
    }
  }
}
