/** Large buffers that go round: a fresh megabyte costs page faults, and garbage collection later. */
import { Buffer } from "node:buffer";

export const SMALLEST_BUFFER = 4 * 1024;
export const LARGEST_BUFFER = 1024 * 1024;

/**
 * Buffers in powers of two from {@link SMALLEST_BUFFER} to {@link LARGEST_BUFFER}. Idle ones are bounded here;
 * those that are lent are bounded by their borrowers, who ask for less when there are many of them. A buffer
 * that must not come back, because somebody may still write to it, is just forgotten: memory is safe, only the
 * pool is poorer.
 */
export class BufferPool {
  readonly #maxIdle: number;
  readonly #free = new Map<number, Buffer[]>();
  readonly #lent = new WeakSet<Uint8Array>();
  #idleBytes = 0;

  /** `maxIdle`: bytes that the pool keeps at most while nobody uses them. */
  constructor(maxIdle: number) {
    this.#maxIdle = maxIdle;
  }

  /** Bytes that are kept and in nobody's use. */
  get idleBytes(): number {
    return this.#idleBytes;
  }

  /** A buffer of at least so many bytes, but never more than {@link LARGEST_BUFFER}; its content is arbitrary. */
  take(bytes: number): Buffer {
    const size = bufferSize(bytes);
    const kept = this.#free.get(size)?.pop();
    if (kept !== undefined) this.#idleBytes -= size;
    const buffer = kept ?? Buffer.allocUnsafeSlow(size);
    this.#lent.add(buffer);
    return buffer;
  }

  /** Takes a buffer back that `take` gave; nobody may use it any more. A second time does nothing. */
  give(buffer: Buffer): void {
    const size = buffer.length;
    if (!this.#lent.delete(buffer) || this.#idleBytes + size > this.#maxIdle) return;
    const sameSize = this.#free.get(size);
    if (sameSize === undefined) this.#free.set(size, [buffer]);
    else sameSize.push(buffer);
    this.#idleBytes += size;
  }
}

/** The size of the buffer that `take(bytes)` gives. */
export function bufferSize(bytes: number): number {
  let size = SMALLEST_BUFFER;
  while (size < bytes && size < LARGEST_BUFFER) size *= 2;
  return size;
}

/** For all transfers of the process. 8 MiB: eight transfers' worth, each way, may come and go without faults. */
export const buffers = new BufferPool(8 * LARGEST_BUFFER);
