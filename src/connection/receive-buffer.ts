/** The memory that a data connection receives into: lent from the pool while bytes come, and only then. */
import type { Buffer } from "node:buffer";
import { type BufferPool, bufferSize, SMALLEST_BUFFER } from "./buffer-pool.js";

/** Bytes of one read at most. Measured: 256 KiB is a tenth slower, 128 KiB a third, 1 MiB no faster. */
export const MAX_RECEIVE = 512 * 1024;

export class ReceiveBuffer {
  readonly #pool: BufferPool;
  /** Bytes of the next read at most; the first one is small where nobody knows yet that any will come. */
  #limit = SMALLEST_BUFFER;
  #buffer: Buffer | undefined;
  /** What the last read filled: the reader's until it asks for more. */
  #lent: Buffer | undefined;

  constructor(pool: BufferPool) {
    this.#pool = pool;
  }

  /** The reader is done with the last chunk and wants at most so many bytes in the next one. */
  ask(limit: number): void {
    this.#limit = Math.max(1, Math.min(limit, MAX_RECEIVE));
    const lent = this.#lent;
    this.#lent = undefined;
    if (lent !== undefined && lent !== this.#buffer) this.#pool.give(lent);
  }

  /** Memory for the next read. Node asks for it when the socket is made, and again after each read. */
  memory(): Uint8Array {
    const size = bufferSize(this.#limit);
    if (this.#buffer === undefined || this.#buffer.length < size) {
      this.#giveUnlessLent(this.#buffer);
      this.#buffer = this.#pool.take(size);
    }
    return this.#buffer.length === this.#limit ? this.#buffer : this.#buffer.subarray(0, this.#limit);
  }

  /** The first `length` bytes of the memory were filled. */
  filled(length: number): Uint8Array {
    const buffer = this.#buffer as Buffer;
    this.#lent = buffer;
    return length === buffer.length ? buffer : buffer.subarray(0, length);
  }

  /**
   * The socket is closed: nothing writes to the memory any more. A chunk that the reader still has is forgotten,
   * not given back: a slow storage may be reading from it.
   */
  end(): void {
    this.#giveUnlessLent(this.#buffer);
    this.#buffer = undefined;
    this.#lent = undefined;
  }

  #giveUnlessLent(buffer: Buffer | undefined): void {
    if (buffer !== undefined && buffer !== this.#lent) this.#pool.give(buffer);
  }
}
