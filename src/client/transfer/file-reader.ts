/** Reads an open file from some byte on. */
import { read, readSync } from "node:fs";

/** Milliseconds; a read that takes longer waits for a disk. */
const SLOW = 5;
/** Reads on a thread after a slow one, before the disk is trusted again. */
const DISTRUST = 32;

/** What the kernel has at hand is read at once: asking a thread for it takes longer. After a slow read threads are asked. */
export class FileReader {
  readonly #descriptor: number;
  /** Null where there are no positions: a device, or a FIFO, whose reads may take for ever. */
  #position: number | null;
  #distrust: number;

  /** The descriptor stays the caller's. */
  constructor(descriptor: number, position: number | null) {
    this.#descriptor = descriptor;
    this.#position = position;
    this.#distrust = position === null ? Number.POSITIVE_INFINITY : 0;
  }

  /** 0 at the end. @throws what the file system throws */
  read(into: Uint8Array): number | Promise<number> {
    if (this.#distrust > 0) {
      this.#distrust--;
      return this.#readLater(into);
    }
    const began = performance.now();
    const length = readSync(this.#descriptor, into, 0, into.length, this.#position);
    if (performance.now() - began > SLOW) this.#distrust = DISTRUST;
    this.#advance(length);
    return length;
  }

  #readLater(into: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      read(this.#descriptor, into, 0, into.length, this.#position, (error, length) => {
        if (error !== null) return reject(error);
        this.#advance(length);
        resolve(length);
      });
    });
  }

  #advance(length: number): void {
    if (this.#position !== null) this.#position += length;
  }
}
