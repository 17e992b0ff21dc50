/** Reading a file. */
import { closeSync, fstatSync, openSync, read, readSync, type Stats } from "node:fs";
import { performance } from "node:perf_hooks";
import { StorageError } from "../errors.js";
import type { ReadHandle, ReadOptions } from "../storage.js";
import { pathIn, TO_READ } from "./directory.js";
import { storageError } from "./errno.js";
import { diskOf } from "./file-systems.js";
import { requireFile } from "./file-type.js";
import { Pace } from "./pace.js";
import type { Place } from "./place.js";
import type { Root } from "./root.js";

/**
 * Bytes; a file up to this size is read synchronously at once while the disk is quick. One wrong guess costs
 * one seek, and then the next 16 first reads are asynchronous again.
 */
const SMALL = 64 * 1024;

/** Opens what the place holds, which must be a regular file. The place stays the caller's. */
export function openFile(root: Root, place: Place, path: string, o: ReadOptions): LocalReadHandle {
  // A look first: opening a device or a FIFO may have effects of its own.
  requireFile(place.existing());
  const descriptor = openSync(place.path, TO_READ);
  try {
    const stats = fstatSync(descriptor);
    requireFile(stats);
    // Files of /proc say 0 and hold more: only reading tells. Nothing else has bytes beyond its size.
    if (o.start > stats.size) throw new StorageError("bad-offset");
    return new LocalReadHandle(root, descriptor, stats, place, path, o);
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

export class LocalReadHandle implements ReadHandle {
  readonly size?: number;
  readonly #root: Root;
  readonly #path: string;
  readonly #descriptor: number;
  readonly #signal: AbortSignal;
  readonly #pace: Pace;
  readonly #end: number;
  #position: number;
  #state: "open" | "reading" | "closing" | "closed" = "open";
  #settled: Promise<unknown> = Promise.resolve();

  constructor(root: Root, descriptor: number, stats: Stats, place: Place, path: string, o: ReadOptions) {
    root.retain();
    this.#root = root;
    this.#path = path;
    this.#descriptor = descriptor;
    this.#signal = o.signal;
    this.#pace = new Pace(diskOf(stats.dev, pathIn(place.directory, "")).reads, stats.size <= SMALL);
    this.#end = o.end ?? Number.POSITIVE_INFINITY;
    this.#position = o.start;
    if (stats.size > 0) this.size = Math.max(0, Math.min(stats.size, this.#end) - o.start);
  }

  read(into: Uint8Array): number | Promise<number> {
    if (this.#state !== "open") throw new StorageError("failed", `a read of a handle that is ${this.#state}`);
    if (this.#signal.aborted) throw new StorageError("aborted");
    const length = Math.min(into.length, this.#end - this.#position);
    if (length <= 0) return 0;
    if (!this.#pace.synchronous) return this.#readLater(into, length);
    const started = performance.now();
    try {
      const bytes = readSync(this.#descriptor, into, 0, length, this.#position);
      this.#position += bytes;
      return bytes;
    } catch (error) {
      throw storageError(error, this.#path);
    } finally {
      this.#pace.ran(performance.now() - started);
    }
  }

  /** Waits for a read that is under way: its descriptor may not become another file's. */
  close(): void | Promise<void> {
    if (this.#state === "reading") {
      this.#state = "closing";
      return this.#settled.then(() => this.#close());
    }
    if (this.#state === "open") this.#close();
  }

  #close(): void {
    this.#state = "closed";
    closeSync(this.#descriptor);
    this.#root.release();
  }

  #readLater(into: Uint8Array, length: number): Promise<number> {
    this.#state = "reading";
    const started = this.#pace.startWaiting();
    const reading = new Promise<number>((resolve, reject) => {
      read(this.#descriptor, into, 0, length, this.#position, (error, bytes) => {
        this.#pace.waited(started);
        if (this.#state === "reading") this.#state = "open";
        if (error !== null) return reject(storageError(error, this.#path));
        this.#position += bytes;
        resolve(bytes);
      });
    });
    this.#settled = reading.catch(() => {});
    return reading;
  }
}
