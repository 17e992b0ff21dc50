/** Writing bytes at explicit positions, and onto the disk. */
import {
  fdatasync,
  fstatSync,
  ftruncate,
  ftruncateSync,
  promises,
  type Stats,
  write,
  writeSync,
} from "node:fs";
import { performance } from "node:perf_hooks";
import { type Directory, pathIn } from "./directory.js";
import { storageError } from "./errno.js";
import { LARGE } from "./move.js";
import { type DiskPace, Pace } from "./pace.js";

/**
 * One open file, written from `start` on. Until the first byte the file stays as it was: a transfer whose data
 * connection never opens must not shorten it. Positions are explicit, as two writes without one may change
 * places in the pool.
 */
export class FileWriter {
  readonly descriptor: number;
  readonly #path: string;
  readonly #pace: Pace;
  readonly #begin: () => void;
  readonly #cut: boolean;
  #begun = false;
  #position: number;
  #settled: Promise<unknown> | undefined;

  /** `begin` runs before the first change; `cut` says whether bytes behind `start` go then. */
  constructor(
    descriptor: number,
    path: string,
    disk: DiskPace,
    from: { readonly start: number; readonly cut: boolean; readonly begin: () => void },
  ) {
    this.descriptor = descriptor;
    this.#path = path;
    this.#pace = new Pace(disk, true);
    this.#begin = from.begin;
    this.#cut = from.cut;
    this.#position = from.start;
  }

  /** Where the next byte goes. */
  get position(): number {
    return this.#position;
  }

  /** Whether anything was changed. */
  get begun(): boolean {
    return this.#begun;
  }

  /** Settles with the operation that is under way, and never fails. */
  settled(): Promise<unknown> | undefined {
    return this.#settled;
  }

  write(chunk: Uint8Array): void | Promise<void> {
    if (chunk.length === 0) return;
    const beginning = this.begin();
    if (beginning !== undefined) return this.#follow(beginning.then(() => this.#writeLater(chunk, 0)));
    if (!this.#pace.synchronous) return this.#follow(this.#writeLater(chunk, 0));
    const started = performance.now();
    try {
      let done = 0;
      while (done < chunk.length) {
        const bytes = writeSync(this.descriptor, chunk, done, chunk.length - done, this.#position);
        done += bytes;
        this.#position += bytes;
      }
    } catch (error) {
      throw storageError(error, this.#path);
    } finally {
      this.#pace.ran(performance.now() - started);
    }
  }

  skip(bytes: number): void | Promise<void> {
    const beginning = this.begin();
    this.#position += bytes;
    return beginning === undefined ? undefined : this.#follow(beginning);
  }

  /** Prepares the file for its first change; nothing when that was done. */
  begin(): Promise<void> | undefined {
    if (this.#begun) return undefined;
    try {
      this.#begin();
      this.#begun = true;
      const surplus = this.#cut ? fstatSync(this.descriptor).size - this.#position : 0;
      return surplus > 0 ? this.setLength(this.#position, surplus) : undefined;
    } catch (error) {
      throw storageError(error, this.#path);
    }
  }

  /** The status once the file is as long as what was written: a hole at the end makes it longer. */
  async finish(): Promise<Stats> {
    await this.begin();
    const stats = fstatSync(this.descriptor);
    if (stats.size >= this.#position) return stats;
    ftruncateSync(this.descriptor, this.#position);
    return fstatSync(this.descriptor);
  }

  /** Makes the file `length` bytes long, where `surplus` bytes are to be freed. */
  setLength(length: number, surplus: number): Promise<void> | undefined {
    if (surplus <= LARGE) {
      ftruncateSync(this.descriptor, length);
      return undefined;
    }
    return this.#promise((done) => ftruncate(this.descriptor, length, done));
  }

  /** What was written so far is on the disk. */
  flush(): Promise<void> {
    return this.#follow(this.#promise((done) => fdatasync(this.descriptor, done)));
  }

  async #writeLater(chunk: Uint8Array, from: number): Promise<void> {
    for (let done = from; done < chunk.length; ) {
      const started = this.#pace.startWaiting();
      const bytes = await new Promise<number>((resolve, reject) => {
        write(this.descriptor, chunk, done, chunk.length - done, this.#position, (error, written) =>
          error === null ? resolve(written) : reject(storageError(error, this.#path)),
        );
      });
      this.#pace.waited(started);
      done += bytes;
      this.#position += bytes;
    }
  }

  #promise(start: (done: (error: Error | null) => void) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      start((error) => (error === null ? resolve() : reject(storageError(error, this.#path))));
    });
  }

  #follow(operation: Promise<void>): Promise<void> {
    this.#settled = operation.catch(() => {});
    return operation;
  }
}

/** The names in a directory are on the disk: a new file would be lost with its name. */
export async function flushNames(directory: Directory): Promise<void> {
  const names = await promises.open(pathIn(directory, ""), "r");
  try {
    await names.sync();
  } finally {
    await names.close();
  }
}
