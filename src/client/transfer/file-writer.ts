/** Writes one run of bytes of an open file, while the next ones come in. */
import type { Buffer } from "node:buffer";
import { write, writeSync } from "node:fs";
import { buffers } from "../../connection/buffer-pool.js";

/** Milliseconds; a write that takes longer waits for a disk. */
const SLOW = 5;
/** Writes behind the receiver's back after a slow one, before the disk is trusted again. */
const DISTRUST = 32;

/**
 * A page that the kernel only has to copy is written at once: asking a thread for it takes longer. After a slow
 * write the next ones are left to a thread, and the network is read meanwhile: one write is under way at most.
 */
export class FileWriter {
  readonly #descriptor: number;
  #position: number;
  #written: number;
  #distrust = 0;
  #failure: { readonly error: Error } | undefined;
  #writing: Promise<void> | undefined;

  /** The descriptor stays the caller's, who closes it after `settled`. */
  constructor(descriptor: number, position: number) {
    this.#descriptor = descriptor;
    this.#position = position;
    this.#written = position;
  }

  /** Where the next byte goes. */
  get position(): number {
    return this.#position;
  }

  /** Those before it are in the file. */
  get written(): number {
    return this.#written;
  }

  /** The chunk may be used again when this returns, or its promise settles. @throws what the file system throws */
  write(chunk: Uint8Array): void | Promise<void> {
    this.#check();
    if (this.#writing !== undefined) return this.#writing.then(() => this.write(chunk));
    if (this.#distrust > 0) {
      this.#distrust--;
      this.#writeBehind(chunk);
      return undefined;
    }
    const began = performance.now();
    for (let from = 0; from < chunk.length; ) {
      from += writeSync(this.#descriptor, chunk, from, chunk.length - from, this.#position + from);
    }
    this.#position += chunk.length;
    this.#written = this.#position;
    if (performance.now() - began > SLOW) this.#distrust = DISTRUST;
    return undefined;
  }

  /** Resolves when nothing is under way any more; undefined when it is so. @throws what the file system threw */
  settled(): Promise<void> | undefined {
    if (this.#writing !== undefined) return this.#writing.then(() => this.settled());
    this.#check();
    return undefined;
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #writeBehind(chunk: Uint8Array): void {
    const buffer = buffers.take(chunk.length);
    if (buffer.length < chunk.length) {
      buffers.give(buffer);
      this.#start(Uint8Array.from(chunk), chunk.length, undefined);
      return;
    }
    buffer.set(chunk);
    this.#start(buffer, chunk.length, buffer);
  }

  #start(bytes: Uint8Array, length: number, lent: Buffer | undefined): void {
    const start = this.#position;
    this.#position += length;
    this.#writing = this.#all(bytes, length, start).then(
      () => {
        this.#written = start + length;
        this.#ended(lent);
      },
      (error: Error) => {
        this.#failure = { error };
        this.#ended(lent);
      },
    );
  }

  #ended(lent: Buffer | undefined): void {
    this.#writing = undefined;
    if (lent !== undefined) buffers.give(lent);
  }

  async #all(bytes: Uint8Array, length: number, start: number): Promise<void> {
    for (let from = 0; from < length; ) {
      from += await new Promise<number>((resolve, reject) => {
        write(this.#descriptor, bytes, from, length - from, start + from, (error, count) => {
          if (error === null) resolve(count);
          else reject(error);
        });
      });
    }
  }
}
